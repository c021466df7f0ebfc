"""Finds plugins, decides which may run, loads those and no others."""

import importlib
import importlib.metadata
import logging
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pluggy
from msgspec import Struct
from stevedore import NamedExtensionManager

from amber.config import SWITCHES, Placing, Settings, plugin_config
from amber.errors import AmberError, ConfigError
from amber.hosting.logins import check_guest
from amber.plugin import spec
from amber.plugin.manifest import API, Manifest, read_manifest

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
    place: str = ""
    """Its module's name."""
    build: str = ""
    """Tells one installation of its distribution from the next, also where the version stayed the same."""
    placing: Placing = Placing()
    memory_bytes: int = 0
    restarts: int = 0
    """Of the process that this one keeps for it."""

    @property
    def folder(self) -> Path:
        """Where its module is, and beside it what else it brings: `migrations/`, `templates/`, `static/`."""
        return Path(str(getattr(self.module, "__file__", ""))).parent


class Plan(Struct, frozen=True):
    """What to stop and what to start so that what runs is what is wanted; a plugin in both is started anew."""

    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()


Entries = Sequence[importlib.metadata.EntryPoint]


class FreshManager(NamedExtensionManager[Any]):
    """stevedore's loader without its memory: it would not see what was installed while this process runs."""

    def __init__(self, entries: Entries, *args: Any, **more: Any) -> None:
        self._entries = entries
        super().__init__(*args, **more)

    def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
        """The entry points it was given, as they were on disk a moment ago."""
        return list(self._entries)


def entry_points() -> Entries:
    """The entry points as they are on disk now."""
    return tuple(importlib.metadata.entry_points(group=GROUP))


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
    for entry in entries if entries is not None else entry_points():
        plugin = _examine(entry, settings, switches or {}, trusted)
        if entry.name in found:
            plugin.state, plugin.reason = State.FAILED, f"two distributions offer a plugin {entry.name}: remove one"
        found[entry.name] = plugin
    for name in settings.plugins.keys() - found.keys():
        found[name] = _absent(name, settings.plugins[name].get("enabled", (switches or {}).get(name)))
    return sorted(found.values(), key=lambda plugin: plugin.name)


def _absent(name: str, wanted: Any) -> Plugin:
    """A plugin that is configured and not there: a mistake, unless somebody switched it off, as who removes it does."""
    if wanted is False:
        return Plugin(name, "", "", State.DISABLED, "it is not installed; amber.toml still holds its settings")
    return Plugin(name, "", "", State.FAILED, f"[plugins.{name}] is configured but not installed")


def _examine(
    entry: importlib.metadata.EntryPoint, settings: Settings, switches: Mapping[str, bool], trusted: frozenset[str]
) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    table = settings.plugins.get(entry.name, {})
    place = getattr(entry, "module", "")  # reading it fails where what the distribution says is no module at all
    plugin = Plugin(entry.name, name, version, State.FOUND, place=place)
    record = entry.dist.read_text("RECORD") if entry.dist else ""
    plugin.build = f"{version}-{zlib.crc32((record or '').encode()):x}"
    plugin.is_pinned = "enabled" in table
    wanted = table.get("enabled", switches.get(entry.name, name.lower() in trusted))
    plugin.is_wanted = wanted is True
    try:
        if not place:
            raise ConfigError(f"plugin {entry.name}: its entry point names {entry.value!r}, which is no module")
        plugin.placing = placing(entry.name, table, name.lower() in trusted)
        plugin.manifest = read_manifest(entry)
        if wanted is True and plugin.placing.isolation != "inline":
            check_guest(plugin.manifest)
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


def placing(name: str, table: Mapping[str, Any], is_trusted: bool) -> Placing:
    """Where a plugin runs: ours beside us, everybody else's in a process of its own, unless the file says otherwise."""
    given = {key: value for key, value in table.items() if key in SWITCHES - {"enabled"}}
    try:
        return msgspec.convert({"isolation": "inline" if is_trusted else "process", **given}, Placing)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[plugins.{name}] {error}") from None


def how_to_enable(name: str, is_pinned: bool) -> str:
    """What to do about a plugin that is switched off."""
    if is_pinned:
        return f"switched off in amber.toml: [plugins.{name}] enabled = false"
    return f"switch it on: amber plugins enable {name}, or [plugins.{name}] enabled = true in amber.toml"


class Registry:
    """The plugins of one process and the pluggy manager that calls them."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings, self.environment = settings, environment
        self.switches: dict[str, bool] = {}
        self._loaded: dict[str, Plugin] = {}
        self.stored: Mapping[str, Mapping[str, Any]] = {}
        self.open_stored: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
        self.manager = pluggy.PluginManager(spec.PROJECT_NAME)
        self.manager.add_hookspecs(spec)
        self.plugins = {plugin.name: plugin for plugin in discover(settings)}

    def heed(self, switches: Mapping[str, bool]) -> None:
        """Take over what people switched before anything is loaded."""
        if switches:
            self.plan(self._settings, switches)

    def load(self) -> None:
        """Import and register every plugin that may run; one that cannot be loaded is marked failed."""
        entries = entry_points()  # to read them takes as long as to import a plugin
        for name in [plugin.name for plugin in self.plugins.values() if plugin.state is State.FOUND]:
            self.open(name, entries)

    def plan(self, settings: Settings, switches: Mapping[str, bool]) -> Plan:
        """Look again at what is installed and wanted; what has to change follows from it."""
        importlib.invalidate_caches()
        self._settings, self.switches = settings, dict(switches)
        seen = {plugin.name: plugin for plugin in discover(settings, switches=switches)}
        on = (State.RUNNING, State.STARTING)
        running = {name: plugin for name, plugin in self.plugins.items() if plugin.state in on}
        stop = [name for name, plugin in running.items() if self._is_stale(plugin, seen.get(name))]
        start = [name for name, now in seen.items() if now.state is State.FOUND and self._is_due(now, stop)]
        for name, plugin in running.items():
            now = seen.get(name, plugin)
            plugin.is_wanted, plugin.is_pinned = now.is_wanted, now.is_pinned
        failed = {
            name: plugin
            for name, plugin in self.plugins.items()
            if name in seen and seen[name].state is State.FOUND and not self._is_due(seen[name], [])
        }
        self.plugins = dict(sorted({**seen, **failed, **running}.items()))
        return Plan(tuple(stop), tuple(start))

    def _is_stale(self, running: Plugin, now: Plugin | None) -> bool:
        """Whether a running plugin must stop: it is gone, switched off, another build, or configured otherwise."""
        if now is None or now.state is not State.FOUND:
            return True
        return running.tried is not None and running.tried != self._try_of(now)

    def _is_due(self, now: Plugin, stopping: list[str]) -> bool:
        """Whether a plugin that may run should be started; one that failed waits until something about it changed."""
        known = self.plugins.get(now.name)
        if known is None or now.name in stopping:
            return True
        return known.state not in (State.RUNNING, State.STARTING) and known.tried != self._try_of(now)

    def _try_of(self, plugin: Plugin) -> tuple[str, Mapping[str, Any]]:
        """What a start of this plugin depends on."""
        name = plugin.name
        return plugin.build, {**self.stored.get(name, {}), **self.table(name), "enabled": True}

    def table(self, name: str) -> Mapping[str, Any]:
        """What `amber.toml` says of a plugin."""
        return self._settings.plugins.get(name, {})

    def outdated(self) -> list[str]:
        """The plugins that were loaded with other settings than hold now."""
        known = self.plugins.values()
        return [one.name for one in known if one.tried is not None and one.tried != self._try_of(one)]

    def reopen(self, name: str) -> None:
        """Load a plugin anew that was not started yet: its settings were read after it was."""
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        self.plugins[name].state, self.plugins[name].reason = State.FOUND, ""
        self.open(name)

    def config_of(self, name: str, stored: Mapping[str, Any]) -> Any:
        """A plugin's configuration if this were set for it; None where it takes none. Raises ConfigError and Reject."""
        schema = getattr(self.plugins[name].module, "Config", None)
        if schema is None:
            return None
        return plugin_config(self.table(name), schema, name, self.environment, self.open_stored(stored))

    def open(self, name: str, entries: Entries | None = None) -> None:
        """Import and register one plugin, found among these or anew; it is marked failed if that does not work."""
        plugin = self.plugins[name]
        plugin.tried = self._try_of(plugin)
        if plugin.placing.isolation != "inline":
            plugin.state, plugin.reason = State.STARTING, "it has not said hello yet"
            return
        if self._loaded.get(name, plugin).build != plugin.build:
            self._unload(name)
        self._loaded[name] = plugin
        try:
            loaded = self._import(name, entry_points() if entries is None else entries)
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
            now, before = found[name], self.plugins[name]
            if now.state is State.FOUND and now.placing.isolation != "inline":
                now.module = before.module  # what it can be set to is known until it says hello anew
            self.plugins[name] = now
        else:
            del self.plugins[name]
            self._unload(name)

    def _unload(self, name: str) -> None:
        """Let go of the code of a plugin that is gone or another build now; what running ones share with it stays."""
        loaded = self._loaded.pop(name, None)
        if loaded is None:
            return
        top = loaded.place.partition(".")[0]
        others = [plugin for plugin in self.plugins.values() if plugin.state in (State.RUNNING, State.STARTING)]
        gone = loaded.place if any(one.place.partition(".")[0] == top for one in others) else top
        for known in [known for known in sys.modules if known == gone or known.startswith(f"{gone}.")]:
            del sys.modules[known]

    def _import(self, name: str, entries: Entries) -> FreshManager:
        return FreshManager(
            entries,
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
        plugin.module = module  # what it takes can be told, and set, even if what is set does not do
        try:
            plugin.config = self.config_of(name, self.stored.get(name, {}))
            self.manager.register(module, name=name)
            self.manager.check_pending()
        except (AmberError, pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            self.fail(name, str(error))
            return
        plugin.state = State.RUNNING

    def welcome(self, name: str, proxy: Any) -> None:
        """Register what stands for a plugin that runs elsewhere and has said hello."""
        plugin = self.plugins[name]
        plugin.module = proxy
        try:
            plugin.config = self.config_of(name, self.stored.get(name, {}))
        except (AmberError, ValueError) as error:  # it holds more than forms can ask for, and its process took it
            log.warning("plugin %s has settings that only amber.toml can hold: %s", name, error)
        self.manager.register(proxy, name=name)
        plugin.state, plugin.reason = State.RUNNING, ""

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
