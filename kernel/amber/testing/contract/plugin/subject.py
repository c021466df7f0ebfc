"""The plugin under test, and a kernel that runs it and nothing it can do without."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from amber import hookimpl
from amber.bus.memory import MemoryBus
from amber.config import Settings
from amber.dispatch import Breaker
from amber.errors import ConfigError
from amber.kernel import Kernel
from amber.manifest import Manifest, read_manifest
from amber.registry import State, discover, first_party
from amber.spec import PROJECT_NAME, Kind, hooks

STORES = "contract_stores"
"""The name under which stores stand in that nobody has installed."""


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
    def migrations(self) -> Path | None:
        """The folder of its migrations, where it has tables."""
        folder = Path(str(self.module.__file__)).parent / "migrations"
        return folder if folder.is_dir() else None

    @property
    def needs_stores(self) -> bool:
        """Whether it works with what a kernel keeps; all others are run without a store."""
        rights = self.manifest.rights
        return bool(rights.roles or rights.tables or rights.kernel or self.migrations)


def find_plugin(name: str, table: Mapping[str, Any]) -> Subject:
    """An installed plugin. Raises ConfigError with the names of those there are."""
    found = {entry.name: entry for entry in entry_points(group="amber.plugins")}
    if name not in found:
        raise ConfigError(f"no plugin {name!r} is installed; there are {', '.join(sorted(found)) or 'none'}")
    return Subject(found[name], table)


class Bench:
    """A kernel with the plugin in it, started when it is first needed, and the loop it lives in."""

    def __init__(self, subject: Subject, kernel: Callable[[], Kernel], runner: asyncio.Runner) -> None:
        self.subject, self._make, self._runner = subject, kernel, runner
        self.started: Kernel | None = None

    @property
    def kernel(self) -> Kernel:
        """The kernel. Fails the test where the plugin does not come to run."""
        if self.started is None:
            self.started = self._make()
            self.run(self.started.start(MemoryBus()))
            plugin = self.started.registry.plugins[self.subject.name]
            assert plugin.state is State.RUNNING, f"{self.subject.name} does not run: {plugin.reason}"
        return self.started

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine answers in the kernel's loop."""
        return self._runner.run(coroutine)

    def ask(self, hook: str, check: Callable[[Any], Any] = lambda value: value, **arguments: Any) -> Any:
        """The plugin's answer, asked the way the kernel asks: within its budget, and looked at by `check`."""
        dispatcher = self.kernel.dispatcher
        dispatcher.breaker = Breaker()  # each question stands for itself
        return self.run(dispatcher.ask(self.subject.name, hook, check, **arguments))


class Contract:
    """What the parts of the contract share; see PluginContract."""

    name: ClassVar[str] = ""
    config: ClassVar[Mapping[str, Any]] = {}
    rounds: ClassVar[int] = 20

    @pytest.fixture
    def subject(self, request: pytest.FixtureRequest) -> Subject:
        """The plugin: of this class, or the one that `--plugin` names."""
        given: Subject | None = getattr(request, "param", None)
        return given or find_plugin(self.name, self.config)

    @pytest.fixture
    def bench(self, subject: Subject, tmp_path: Path) -> Iterator[Bench]:
        """The plugin in a kernel on an SQLite file and a bus in memory."""
        with asyncio.Runner() as runner:
            bench = Bench(subject, lambda: make_kernel(subject, tmp_path), runner)
            yield bench
            if bench.started is not None:
                runner.run(bench.started.stop())


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
    tables[subject.name] = {**subject.table, "enabled": is_enabled}
    roles = {hook: subject.name for hook in subject.hooks if hooks()[hook].kind is Kind.ROLE}
    return Settings(plugins=tables, roles=roles)


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
    """Holds a role where nothing is stored."""

    def __getattr__(self, name: str) -> Any:
        raise ConfigError(f"no store is installed that could answer {name}: pip install 'amber[standard]'")
