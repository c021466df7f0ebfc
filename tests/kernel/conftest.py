"""Plugins made on the spot, registered as the real thing: modules with marked functions behind a pluggy manager."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy
import pytest

from amber import hookimpl
from amber.metrics import Metrics
from amber.model import Event, Project
from amber.plugin import spec
from amber.plugin.dispatch import Dispatcher
from amber.testing.accounts import unbalanced
from amber.testing.memorybus import MemoryBus
from amber.testing.plant import Plant

MANIFEST = 'name = "{name}"\ntitle = "T"\nsummary = "S"\nfamilies = ["ingest"]\n'
THIRD = SimpleNamespace(name="stranger", version="0.1", read_text=lambda _: "a")
Install = Callable[..., EntryPoint]


class House:
    """A dispatcher with its metrics, and a way to move plugins in."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(spec.PROJECT_NAME)
        self.manager.add_hookspecs(spec)
        self.metrics = Metrics()
        self.dispatcher = Dispatcher(self.manager, self.metrics)

    def add(self, name: str, *functions: Callable[..., Any], budget_ms: int = 0, **named: Callable[..., Any]) -> None:
        """A plugin with these functions as its hooks, each under its own name or the one given."""
        module = ModuleType(name)
        for hook, function in {function.__name__: function for function in functions}.items() | named.items():
            setattr(module, hook, hookimpl(function))
        self.manager.register(module, name=name)
        self.manager.check_pending()
        self.dispatcher.budgets[name] = budget_ms


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.dispatcher.close()


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def project() -> Project:
    return Project(1, 1, "shop", "Shop", "python", 0.0)


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def make(number: int = 1, project: int = 1, type: str = "error", **data: Any) -> Event:
        return Event(f"{number:032x}", project, type, 1.7e9, 1.7e9, data)

    return make


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes a plugin of a package in a folder of its own; answers its entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(name: str, manifest: str | None = MANIFEST, code: str = "", dist: Any = THIRD) -> EntryPoint:
        folder = tmp_path / f"strange_{name}" / "inner"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text(
            "raise AssertionError('a parent package was run')" if "ban" in name else ""
        )
        (folder / "__init__.py").write_text(code)
        if manifest is not None:
            (folder / "plugin.toml").write_text(manifest.format(name=name))
        entry = EntryPoint(name, f"strange_{name}.inner", "amber.plugins")
        vars(entry)["dist"] = dist
        return entry

    yield make
    for module in set(sys.modules) - before:
        if module.startswith("strange_"):
            del sys.modules[module]


@pytest.fixture
async def plant(house: Any, bus: MemoryBus, anyio_backend: str) -> AsyncIterator[Plant]:
    made = Plant(house, bus)
    await made.start()
    yield made
    assert unbalanced(made.stores.counted) == []
