"""Who may import whom, where import-linter cannot say it: the public face, and plugins among each other."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FACE = {"amber", "amber.model", "amber.errors", "amber.testing"}
HEAVY = ["litestar", "sqlalchemy", "nats", "alembic", "httpx", "uvicorn", "prometheus_client"]
SLOW = ["asyncio", "click", "email", "hashlib", "importlib.metadata", "jinja2", "ssl", "tomllib", "zipfile"]
"""What else `import amber` would wait for longest; docs/explanation/performance.md has the figures."""


def imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each import outside `if TYPE_CHECKING`, as a module and the names taken from it."""
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or "", tuple(alias.name for alias in node.names)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize(
    ("module", "unwanted"), [("amber", HEAVY + SLOW), ("amber.cli", HEAVY), ("amber.running.up", HEAVY)]
)
def test_importing_amber_is_light(module: str, unwanted: list[str]) -> None:
    probe = f"import sys, {module}; print([name for name in {unwanted} if name in sys.modules])"
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # it imports a lot
    answer = subprocess.run([sys.executable, "-c", probe], env=alone, check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


def test_lower_floors_do_not_use_the_public_face(root: Path, trees: dict[Path, ast.Module], project: Any) -> None:
    floors = project["tool"]["importlinter"]["contracts"][0]["layers"]
    layers = [{room.strip(" ()") for room in layer.split("|")} for layer in floors]
    top = next(number for number, layer in enumerate(layers) if "plugin" in layer)
    rooms = set().union(*layers[top:])
    face = {"Context", "Secret", "hookimpl"}
    kernel = root / "kernel" / "amber"
    uses = [
        f"{path}: {', '.join(names) or module}"
        for path, tree in trees.items()
        if kernel in path.parents and path.relative_to(kernel).parts[0].removesuffix(".py") in rooms
        for module, names in imports(tree)
        if module == "amber" and (not names or face & set(names))
    ]
    assert uses == []


def strays(root: Path, trees: dict[Path, ast.Module]) -> list[str]:
    """What these files, where they belong to a plugin, import from the kernel beyond its public face."""
    return [
        f"{path}: {module}"
        for path, tree in trees.items()
        if path.is_relative_to(root / "plugins")
        for module, _ in imports(tree)
        if is_within(module, "amber") and module not in FACE and not is_within(module, "amber.testing")
    ]


def test_plugins_stand_on_the_public_face(root: Path, trees: dict[Path, ast.Module]) -> None:
    packages = {path: tree for path, tree in trees.items() if "tests" not in path.parts}
    assert strays(root, packages) == []


def test_tests_of_plugins_need_no_more_than_others_have(root: Path, trees: dict[Path, ast.Module]) -> None:
    tests = {path: tree for path, tree in trees.items() if "tests" in path.parts}
    assert strays(root, tests) == []


def test_no_plugin_imports_another(root: Path, trees: dict[Path, ast.Module], manifests: list[Path]) -> None:
    packages = {toml.parent: ".".join(toml.parent.relative_to(root / "plugins").parts[1:]) for toml in manifests}
    crossings = [
        f"{path}: {target}"
        for path, tree in trees.items()
        for folder, package in packages.items()
        if folder in path.parents
        for module, names in imports(tree)
        for target in {module, *(f"{module}.{name}" for name in names)}
        for other in packages.values()
        if other != package and is_within(target, other)
    ]
    assert crossings == []
