"""The plugin under test, and a kernel that runs it and nothing it can do without."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from amber import hookimpl
from amber.config import OutboundConfig, Settings
from amber.errors import ConfigError
from amber.kernel import Kernel
from amber.plugin.manifest import Manifest, read_manifest
from amber.plugin.spec import PROJECT_NAME, Kind, hooks
from amber.registry import discover, first_party

STORES = "contract_stores"
"""The name under which stores stand in that nobody has installed."""
LOOPBACK = OutboundConfig(allowed_networks=("127.0.0.0/8",))


class Subject(Struct, frozen=True):
    """The plugin under test. `table` is what `[plugins.NAME]` holds besides `enabled`."""

    entry: EntryPoint
    table: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.entry.name

    @property
    def manifest(self) -> Manifest:
        """Its plugin.toml."""
        return read_manifest(self.entry)

    @property
    def module(self) -> ModuleType:
        """Its module, imported."""
        return import_module(self.entry.module)

    @property
    def hooks(self) -> list[str]:
        """The hooks it answers, in the order of the spec."""
        return [hook for hook in hooks() if hasattr(getattr(self.module, hook, None), f"{PROJECT_NAME}_impl")]

    @property
    def roles(self) -> list[str]:
        """The roles it can hold."""
        return [hook for hook in self.hooks if hooks()[hook].kind is Kind.ROLE]

    @property
    def migrations(self) -> Path | None:
        """The folder of its migrations, where it has tables."""
        folder = Path(str(self.module.__file__)).parent / "migrations"
        return folder if folder.is_dir() else None

    @property
    def needs_stores(self) -> bool:
        """Whether it works with what a kernel keeps, as targets of alerts; all others are run without a store."""
        rights = self.manifest.rights
        needs = rights.roles or rights.tables or rights.kernel or self.migrations
        return bool(needs or "evaluate_fact" in self.hooks)


def find_plugin(name: str, table: Mapping[str, Any]) -> Subject:
    """An installed plugin. Raises ConfigError with the names of those there are."""
    found = {entry.name: entry for entry in entry_points(group="amber.plugins")}
    if name not in found:
        raise ConfigError(f"no plugin {name!r} is installed; there are {', '.join(sorted(found)) or 'none'}")
    return Subject(found[name], table)


def make_kernel(subject: Subject, data: Path) -> Kernel:
    """A kernel that will run the plugin, beside it only what fills the roles."""
    kernel = Kernel(settings_for(subject, is_enabled=True), data, {})
    wanted = {role for role, hook in hooks().items() if hook.kind is Kind.ROLE}
    filled = wanted if stores_for(subject) else wanted & set(subject.hooks)
    if wanted - filled:
        kernel.registry.add(STORES, _stand_in(sorted(wanted - filled)))
    return kernel


def settings_for(subject: Subject, is_enabled: bool) -> Settings:
    """Settings that switch the plugin, and every other one off, but for the stores it needs."""
    stores = stores_for(subject)
    tables: dict[str, dict[str, Any]] = {
        plugin.name: {"enabled": plugin.name in stores} for plugin in discover(Settings())
    }
    tables[subject.name] = {"isolation": "inline", **subject.table, "enabled": is_enabled}  # a debugger can follow it
    return Settings(plugins=tables, roles=dict.fromkeys(subject.roles, subject.name), outbound=LOOPBACK)


def stores_for(subject: Subject) -> frozenset[str]:
    """Amber's own storage plugins, where the plugin works with what they keep and they are installed."""
    found = [plugin for plugin in discover(Settings()) if plugin.distribution.lower() in first_party()]
    stores = {plugin.name for plugin in found if plugin.manifest is not None and "storage" in plugin.manifest.families}
    return frozenset(stores - {subject.name} if subject.needs_stores else ())


def _stand_in(roles: list[str]) -> ModuleType:
    """A plugin that holds these roles with stores that only say where to get real ones."""
    module = ModuleType(STORES)
    module.__file__ = __file__
    for role in roles:
        setattr(module, role, hookimpl(lambda: NoStore()))
    return module


class NoStore:
    """Holds a role where nothing is stored, and so nobody has set anything either."""

    def plugin_settings(self) -> tuple[()]:
        """What people set for plugins: nothing."""
        return ()

    def __getattr__(self, name: str) -> Any:
        raise ConfigError(f"no store is installed that could answer {name}: pip install 'amber[standard]'")
