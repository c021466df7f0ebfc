"""No hook without documentation, a failure policy and a first-party plugin that walks the road third parties walk."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from amber.plugin import spec


def answered(trees: dict[Path, ast.Module], root: Path) -> set[str]:
    """The hooks that some module of a first-party plugin implements."""
    return {
        node.name
        for path, tree in trees.items()
        if any(parent.name.startswith("amber_") for parent in path.relative_to(root).parents)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any("hookimpl" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


@pytest.mark.parametrize("name", spec.hooks())
def test_a_hook_says_what_it_is_for_and_when_it_is_asked(name: str) -> None:
    text = inspect.getdoc(getattr(spec, name)) or ""
    assert text.partition("\n")[0].endswith(".")
    assert re.search(r"\b(Asked|hears?)\b", text)


@pytest.mark.parametrize("name", spec.hooks())
def test_a_hook_is_used_by_a_plugin_of_our_own(name: str, trees: dict[Path, ast.Module], root: Path) -> None:
    assert name in answered(trees, root)


def test_plugins_implement_only_hooks_there_are(trees: dict[Path, ast.Module], root: Path) -> None:
    assert answered(trees, root) - spec.hooks().keys() == set()
