"""Finds plugins, decides which may run, loads those and no others."""

import importlib
import importlib.metadata
import logging
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import ModuleType
from typing import Any

import pluggy
from msgspec import Struct
from stevedore import NamedExtensionManager

from amber import spec
from amber.config import Settings, plugin_config
from amber.errors import AmberError, ConfigError
from amber.manifest import API, Manifest, read_manifest

GROUP = "amber.plugins"
log = logging.getLogger("amber.registry")


class State(StrEnum):
    """Where a plugin stands; every state but `running` has a reason."""

    FOUND = "found"
    INCOMPATIBLE = "incompatible"
    DISABLED = "disabled"
    STARTING = "starting"
    RUNNING = "running"
    TRIPPED = "tripped"
    FAILED = "failed"


class Plugin(Struct):
    """A plugin as this process sees it."""

    name: str
    distribution: str
    version: str
    state: State
    reason: str = ""
    manifest: Manifest | None = None
    module: ModuleType | None = None
    config: Any = None
    is_wanted: bool = False
    is_pinned: bool = False
    tried: Any = None


class Plan(Struct, frozen=True):
    """What to stop and what to start so that what runs is what is wanted; a plugin in both is started anew."""

    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()


class FreshManager(NamedExtensionManager[Any]):
    """stevedore's loader without its memory: it would not see what was installed while this process runs."""

    def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
        """The entry points as they are on disk now."""
        return list(importlib.metadata.entry_points(group=self.namespace))


def first_party() -> frozenset[str]:
    """The distributions of amber's own extra `standard`; what they hold is enabled unless switched off."""
    required = importlib.metadata.requires("amber") or ()
    return frozenset(
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower()
        for line in required
        if re.search(r"""extra\s*==\s*['"]standard['"]""", line)
    )


def discover(
    settings: Settings,
    entries: Iterable[importlib.metadata.EntryPoint] | None = None,
    switches: Mapping[str, bool] | None = None,
) -> list[Plugin]:
    """Every installed plugin with its manifest read and nothing of it imported, by name.

    `switches` are what people switched at run time; what the file says about a plugin counts for more.
    """
    trusted = first_party()
    found: dict[str, Plugin] = {}
    for entry in entries if entries is not None else importlib.metadata.entry_points(group=GROUP):
        plugin = _examine(entry, settings, switches or {}, trusted)
        if entry.name in found:
            plugin.state, plugin.reason = State.FAILED, f"two distributions offer a plugin {entry.name}: remove one"
        found[entry.name] = plugin
    for name in settings.plugins.keys() - found.keys():
        found[name] = Plugin(name, "", "", State.FAILED, f"[plugins.{name}] is configured but not installed")
    return sorted(found.values(), key=lambda plugin: plugin.name)


def _examine(
    entry: importlib.metadata.EntryPoint, settings: Settings, switches: Mapping[str, bool], trusted: frozenset[str]
) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    plugin = Plugin(entry.name, name, version, State.FOUND)
    table = settings.plugins.get(entry.name, {})
    plugin.is_pinned = "enabled" in table
    wanted = table.get("enabled", switches.get(entry.name, name.lower() in trusted))
    plugin.is_wanted = wanted is True
    try:
        plugin.manifest = read_manifest(entry)
    except ConfigError as error:
        plugin.state, plugin.reason = State.FAILED, str(error)
        return plugin
    if not isinstance(wanted, bool):
        plugin.state, plugin.reason = State.FAILED, f"[plugins.{entry.name}] enabled must be true or false"
    elif plugin.manifest.api != API:
        plugin.state = State.INCOMPATIBLE
        plugin.reason = f"it speaks plugin API {plugin.manifest.api}, this Amber speaks {API}"
    elif not wanted:
        plugin.state, plugin.reason = State.DISABLED, how_to_enable(entry.name, plugin.is_pinned)
    return plugin


def how_to_enable(name: str, is_pinned: bool) -> str:
    """What to do about a plugin that is switched off."""
    if is_pinned:
        return f"switched off in amber.toml: [plugins.{name}] enabled = false"
    return f"switch it on: amber plugins enable {name}, or [plugins.{name}] enabled = true in amber.toml"


class Registry:
    """The plugins of one process and the pluggy manager that calls them."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings, self._environment = settings, environment
        self.switches: dict[str, bool] = {}
        self.manager = pluggy.PluginManager(spec.PROJECT_NAME)
        self.manager.add_hookspecs(spec)
        self.plugins = {plugin.name: plugin for plugin in discover(settings)}

    def heed(self, switches: Mapping[str, bool]) -> None:
        """Take over what people switched before anything is loaded."""
        self.plan(self._settings, switches)

    def load(self) -> None:
        """Import and register every plugin that may run; one that cannot be loaded is marked failed."""
        for name in [plugin.name for plugin in self.plugins.values() if plugin.state is State.FOUND]:
            self.open(name)

    def plan(self, settings: Settings, switches: Mapping[str, bool]) -> Plan:
        """Look again at what is installed and wanted; what has to change follows from it."""
        importlib.invalidate_caches()
        self._settings, self.switches = settings, dict(switches)
        seen = {plugin.name: plugin for plugin in discover(settings, switches=switches)}
        running = {name: plugin for name, plugin in self.plugins.items() if plugin.state is State.RUNNING}
        stop = [name for name, plugin in running.items() if self._is_stale(plugin, seen.get(name))]
        start = [name for name, now in seen.items() if now.state is State.FOUND and self._is_due(name, stop)]
        for name, plugin in running.items():
            now = seen.get(name, plugin)
            plugin.is_wanted, plugin.is_pinned = now.is_wanted, now.is_pinned
        failed = {
            name: plugin
            for name, plugin in self.plugins.items()
            if name in seen and seen[name].state is State.FOUND and not self._is_due(name, [])
        }
        self.plugins = dict(sorted({**seen, **failed, **running}.items()))
        return Plan(tuple(stop), tuple(start))

    def _is_stale(self, running: Plugin, now: Plugin | None) -> bool:
        """Whether a running plugin must stop: it is gone, switched off, or configured otherwise than it was."""
        if now is None or now.state is not State.FOUND:
            return True
        return running.tried is not None and running.tried != self._try_of(running.name)

    def _is_due(self, name: str, stopping: list[str]) -> bool:
        """Whether a plugin that may run should be started; one that failed waits until something about it changed."""
        known = self.plugins.get(name)
        if known is None or name in stopping:
            return True
        return known.state is not State.RUNNING and known.tried != self._try_of(name)

    def _try_of(self, name: str) -> Mapping[str, Any]:
        """What a start of this plugin depends on."""
        return {**self._settings.plugins.get(name, {}), "enabled": True}

    def open(self, name: str) -> None:
        """Import and register one plugin; it is marked failed if that does not work."""
        self.plugins[name].tried = self._try_of(name)
        try:
            loaded = self._import(name)
        except SystemExit as error:  # stevedore lets it through, and a plugin must not end its host
            self.fail(name, f"it cannot be imported: it calls sys.exit({error.code!r})")
            return
        for extension in loaded:
            self.add(extension.name, extension.plugin)

    def close(self, name: str) -> None:
        """Take a plugin's hooks away; what is left is its place in the list, as it is installed now."""
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        found = {plugin.name: plugin for plugin in discover(self._settings, switches=self.switches)}
        if name in found:
            self.plugins[name] = found[name]
        else:
            del self.plugins[name]

    def _import(self, name: str) -> FreshManager:
        return FreshManager(
            GROUP,
            names=[name],
            on_load_failure_callback=lambda _, entry, error: self.fail(entry.name, f"it cannot be imported: {error}"),
            on_missing_entrypoints_callback=self._gone,
        )

    def _gone(self, names: Iterable[str]) -> None:
        for name in names:
            if self.plugins[name].state is State.FOUND:  # stevedore counts those it could not import as missing too
                self.fail(name, "it was uninstalled while it was being loaded")

    def add(self, name: str, module: Any) -> None:
        """Register a module as a plugin; its configuration and hooks are checked first."""
        plugin = self.plugins.setdefault(name, Plugin(name, "", "", State.FOUND, manifest=None))
        try:
            schema = getattr(module, "Config", None)
            table = self._settings.plugins.get(name, {})
            plugin.config = plugin_config(table, schema, name, self._environment) if schema else None
            self.manager.register(module, name=name)
            self.manager.check_pending()
        except (AmberError, pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            self.fail(name, str(error))
            return
        plugin.module, plugin.state = module, State.RUNNING

    def fail(self, name: str, reason: str) -> None:
        """Mark a plugin failed; whatever it offered is gone, the rest runs."""
        plugin = self.plugins[name]
        plugin.state, plugin.reason = State.FAILED, reason
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        log.error("plugin %s failed: %s", name, reason)

    def trusted(self) -> frozenset[str]:
        """The plugins that come with Amber itself."""
        ours = first_party()
        return frozenset(name for name, plugin in self.plugins.items() if plugin.distribution.lower() in ours)

    def running(self) -> list[Plugin]:
        """The plugins that run, by name."""
        return [plugin for plugin in self.plugins.values() if plugin.state is State.RUNNING]
