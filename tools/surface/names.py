"""Which Python names are public, and what their docstrings say."""

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from textwrap import dedent
from types import ModuleType
from typing import Any

MODULES = ("amber", "amber.model", "amber.errors")
TESTING = {
    "bench": ("Bench",),
    "clock": ("Clock",),
    "contexts": ("make_context",),
    "contract.blob_store": ("BlobStoreContract",),
    "contract.plugin": ("PluginContract",),
    "events": ("make_event", "platform_event"),
    "peer": ("Peer", "Request"),
}
"""What of `amber.testing` is public beside its fixtures, options and strategies."""


def public(module: str) -> dict[str, Any]:
    """The public names of a module, in their order, and what they are; modules among them are left out."""
    found = import_module(module)
    names = getattr(found, "__all__", None) or [name for name in vars(found) if not name.startswith("_")]
    values = {name: getattr(found, name) for name in names}
    return {name: value for name, value in values.items() if not isinstance(value, ModuleType)}


def docstring(module: str, name: str) -> str:
    """What is said of a name: its docstring, or the text below the line that gives it its value."""
    thing = getattr(import_module(module), name)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        return inspect.cleandoc(thing.__doc__ or "")
    return next(_texts_below(name), "")


def given_attributes(kind: type) -> list[str]:
    """The public attributes that a class gives its objects in `__init__`, in order."""
    if "__init__" not in vars(kind):
        return []
    tree = ast.parse(dedent(inspect.getsource(kind.__init__)))  # type: ignore[misc]  # that of the class itself
    targets = [each for node in ast.walk(tree) if isinstance(node, ast.Assign) for each in node.targets]
    flat = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [each.attr for each in flat if isinstance(each, ast.Attribute) and not each.attr.startswith("_")]


def _texts_below(name: str) -> Iterator[str]:
    for known in [module for path, module in sys.modules.items() if path.split(".")[0] == "amber"]:
        body = ast.parse(inspect.getsource(known)).body if getattr(known, "__file__", None) else []
        for line, below in pairwise(body):
            if name in _given_by(line) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                yield inspect.cleandoc(str(below.value.value))


def _given_by(line: ast.stmt) -> list[str]:
    """The names that a line gives a value."""
    targets = line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) else []
    return [name for target in targets for name in ast.unparse(target).strip("()").split(", ")]
