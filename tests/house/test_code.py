"""Habits no linter knows: names of modules, state, skipped tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMELESS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "shared"}
CONTAINERS = {
    "dict",
    "list",
    "set",
    "bytearray",
    "defaultdict",
    "deque",
    "Counter",
    "OrderedDict",
    "WeakValueDictionary",
}
LITERALS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
CONVENTIONS = {"__all__", "pytestmark", "pytest_plugins"}
SKIPS = {"skip", "skipif", "xfail", "importorskip", "skipTest", "skipUnless", "skipIf", "SkipTest", "expectedFailure"}


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return name_of(value)
    return ""


def is_mutable(value: ast.expr | None) -> bool:
    return isinstance(value, LITERALS) or (isinstance(value, ast.Call) and name_of(value.func) in CONTAINERS)


def assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from ((name_of(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            yield name_of(node.target), node.value


def test_every_module_is_named_for_what_it_holds(trees: dict[Path, ast.Module]) -> None:
    assert [path for path in trees if {path.stem, path.parent.name} & NAMELESS] == []


def test_no_module_holds_state(trees: dict[Path, ast.Module]) -> None:
    held = [
        f"{path}: {name}"
        for path, tree in trees.items()
        for name, value in assignments(tree)
        if is_mutable(value) and not name.isupper() and name not in CONVENTIONS
    ]
    rebound = [
        f"{path}:{node.lineno}" for path, tree in trees.items() for node in ast.walk(tree) if type(node) is ast.Global
    ]
    assert (held, rebound) == ([], [])


def test_no_test_is_skipped(trees: dict[Path, ast.Module]) -> None:
    skipping = [
        f"{path}:{node.lineno} {node.attr}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in SKIPS
    ]
    assert skipping == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [("seen = {}", True), ("seen: set[str] = set()", True), ("log = getLogger('x')", False), ("pair = (1, 2)", False)],
)
def test_state_is_told_from_constants(source: str, expected: bool) -> None:
    assert [is_mutable(value) for _, value in assignments(ast.parse(source))] == [expected]
