"""The page about what authors of plugins test with: fixtures, options, strategies, and the suites of the contract."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from amber.testing import bench, clock, fixtures, options, peer, strategies
from amber.testing.contract import shelves
from amber.testing.contract.plugin import PluginContract
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import TIERS
from reference.markdown import code, prose, table

INTRODUCTION = """# Testing

`pip install "amber[testing]"` brings fixtures for pytest (no conftest is needed), strategies for hypothesis, and the
contract that every plugin is held to. [Test a plugin](../how-to/test-a-plugin.md) shows how they are used.
"""
FIXTURES = ("kernel", "http", "clock", "events", "bus")


def page() -> str:
    """The Markdown of the page."""
    classes = [_class(kind) for kind in (bench.Bench, peer.Peer, peer.Request, clock.Clock)]
    return "\n\n".join(
        [INTRODUCTION.rstrip(), _fixtures(), _options(), *classes, _strategies(strategies), _suites(), *_tests()]
    )


def _fixtures() -> str:
    wrapped = {name: inspect.unwrap(getattr(fixtures, name)) for name in FIXTURES}
    found = {name: getattr(made, "__wrapped__", made) for name, made in wrapped.items()}
    rows = [(code(name), inspect.cleandoc(function.__doc__ or "")) for name, function in found.items()]
    return "## Fixtures\n\n" + table(["Fixture", "What it is"], rows)


class _Group:
    """Notes the options that are added."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def addoption(self, name: str, **given: Any) -> None:
        """Note one."""
        shape = given.get("metavar") or "|".join(given.get("choices", ()))
        self.rows.append((code(f"{name} {shape}".strip()), given.get("help", "")))

    def getgroup(self, _: str) -> "_Group":
        """There is only one."""
        return self

    def addini(self, name: str, help: str, **_: Any) -> None:
        """A key of pytest's configuration is in the list too."""
        self.rows.append((code(f"{name} (in pytest's configuration)"), help))


def options_of(module: ModuleType) -> list[str]:
    """The names of the options that a pytest plugin adds."""
    group = _Group()
    module.pytest_addoption(group)
    return [row[0].strip("`").split()[0] for row in group.rows]


def _options() -> str:
    group = _Group()
    options.pytest_addoption(group)
    return "## Options\n\n" + table(["Option", "What it does"], group.rows)


def _class(kind: type) -> str:
    rows = [
        (code(_call(name, value)), inspect.cleandoc(value.__doc__ or ""))
        for name, value in vars(kind).items()
        if not name.startswith("_") and getattr(value, "__doc__", None) and isinstance(value, property | _FUNCTION)
    ]
    return f"## {kind.__name__}\n\n{prose(kind)}\n\n" + table(["", ""], rows)


_FUNCTION = type(page)


def _call(name: str, value: Any) -> str:
    if isinstance(value, property):
        return name
    parameters = list(inspect.signature(value).parameters.values())[1:]
    shown = [
        one.replace(annotation=inspect.Parameter.empty, default=... if callable(one.default) else one.default)
        if one.default is not inspect.Parameter.empty
        else one.replace(annotation=inspect.Parameter.empty)
        for one in parameters
    ]
    return f"{name}({', '.join(map(str, shown))})".replace("Ellipsis", "…")


def _strategies(module: ModuleType) -> str:
    rows = [
        (code(f"{name}()"), inspect.cleandoc(value.__doc__ or ""))
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
    return f"## Strategies\n\n{prose(module)} In `amber.testing.strategies`.\n\n" + table(["", ""], rows)


def _contracts() -> Iterator[type[Contract]]:
    for kind in PluginContract.__mro__[1:]:
        if issubclass(kind, Contract) and kind is not Contract:
            yield kind
    yield shelves.StoreContract


def _suites() -> str:
    tiers = {kind.suite: kind.tier for kind in _contracts()}
    rows = [(code(suite), tier) for suite, tier in tiers.items()]
    words = "A plugin has earned a tier when it passes every test that this tier and those below ask for."
    return f"## The contract\n\n{words}\n\n" + table(["Suite", f"Asked for from ({', '.join(TIERS)})"], rows)


def _tests() -> Iterator[str]:
    for suite in dict.fromkeys(kind.suite for kind in _contracts()):
        kinds = [kind for kind in _contracts() if kind.suite == suite]
        tests = [
            f"- {name.removeprefix('test_').replace('_', ' ')}"
            + (f" ({tier})" if (tier := getattr(test, "amber_tier", "")) else "")
            for kind in kinds
            for name, test in vars(kind).items()
            if name.startswith("test_")
        ]
        if tests:
            yield f"### {suite}\n\n" + "\n".join(tests)
