"""Finds plugins, decides which may run, loads those and no others."""

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


def first_party() -> frozenset[str]:
    """The distributions of amber's own extra `standard`; what they hold is enabled unless switched off."""
    required = importlib.metadata.requires("amber") or ()
    return frozenset(
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower()
        for line in required
        if re.search(r"""extra\s*==\s*['"]standard['"]""", line)
    )


def discover(settings: Settings, entries: Iterable[importlib.metadata.EntryPoint] | None = None) -> list[Plugin]:
    """Every installed plugin with its manifest read and nothing of it imported, by name."""
    trusted = first_party()
    found: dict[str, Plugin] = {}
    for entry in entries if entries is not None else importlib.metadata.entry_points(group=GROUP):
        plugin = _examine(entry, settings, trusted)
        if entry.name in found:
            plugin.state, plugin.reason = State.FAILED, f"two distributions offer a plugin {entry.name}: remove one"
        found[entry.name] = plugin
    for name in settings.plugins.keys() - found.keys():
        found[name] = Plugin(name, "", "", State.FAILED, f"[plugins.{name}] is configured but not installed")
    return sorted(found.values(), key=lambda plugin: plugin.name)


def _examine(entry: importlib.metadata.EntryPoint, settings: Settings, trusted: frozenset[str]) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    plugin = Plugin(entry.name, name, version, State.FOUND)
    try:
        plugin.manifest = read_manifest(entry)
    except ConfigError as error:
        plugin.state, plugin.reason = State.FAILED, str(error)
        return plugin
    is_wanted = settings.plugins.get(entry.name, {}).get("enabled", name.lower() in trusted)
    if not isinstance(is_wanted, bool):
        plugin.state, plugin.reason = State.FAILED, f"[plugins.{entry.name}] enabled must be true or false"
    elif plugin.manifest.api != API:
        plugin.state = State.INCOMPATIBLE
        plugin.reason = f"it speaks plugin API {plugin.manifest.api}, this Amber speaks {API}"
    elif not is_wanted:
        plugin.state = State.DISABLED
        plugin.reason = f"switch it on with [plugins.{entry.name}] enabled = true"
    return plugin


class Registry:
    """The plugins of one process and the pluggy manager that calls them."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings, self._environment = settings, environment
        self.manager = pluggy.PluginManager(spec.PROJECT_NAME)
        self.manager.add_hookspecs(spec)
        self.plugins = {plugin.name: plugin for plugin in discover(settings)}

    def load(self) -> None:
        """Import and register every plugin that may run; one that cannot be loaded is marked failed."""
        for name in [plugin.name for plugin in self.plugins.values() if plugin.state is State.FOUND]:
            try:
                loaded = self._import(name)
            except SystemExit as error:  # stevedore lets it through, and a plugin must not end its host
                self.fail(name, f"it cannot be imported: it calls sys.exit({error.code!r})")
                continue
            for extension in loaded:
                self.add(extension.name, extension.plugin)

    def _import(self, name: str) -> "NamedExtensionManager[Any]":
        return NamedExtensionManager(
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
