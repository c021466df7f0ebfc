"""A page for each hook: what it is for, what goes in and out, a plugin of ours that uses it, and how that is tested."""

import ast
import inspect
import os
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct

from amber.plugin import spec
from amber.plugin.spec import Kind, OnError
from reference.hooks import signature
from reference.markdown import code, codes, prose
from reference.plugins import answered_by, module

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "hooks"
SHORTEST = 3
"""Lines that an example needs to show anything."""
KINDS = {
    Kind.COLLECT: "every plugin is asked, and every answer counts",
    Kind.CHAIN: "a value passes through every plugin in order",
    Kind.FIRST: "the first answer that is not None wins",
    Kind.ROLE: "exactly one plugin answers, named under `[roles]` in `amber.toml` where several could",
    Kind.TASK: "addressed to one plugin, over the bus",
}
FAILURES = {
    OnError.SKIP: "the work goes on without your answer",
    OnError.NEXT: "the next plugin is asked",
    OnError.DENY: "it counts as a refusal",
    OnError.DEAD_LETTER: "the original is kept aside, with the reason and your name",
    OnError.RETRY: "it is tried again after a pause, then kept aside with the reason and your name",
    OnError.REFUSE_START: "Amber does not start",
    OnError.FAIL_PLUGIN: "your plugin is marked as failed, and the rest runs",
}


class Undocumented(Exception):
    """A hook lacks what every hook must have: its words, a plugin of ours that uses it, a test of that."""


def pages() -> dict[str, str]:
    """The Markdown of each page, by its file below `docs/reference`. Raises Undocumented."""
    return {f"{FOLDER}/{name}.md": page(name) for name in spec.hooks()}


def page(name: str) -> str:
    """The page about one hook."""
    parts = [f"# {name}", _block(f"def {name}{signature(getattr(spec, name))}"), prose(getattr(spec, name))]
    return "\n\n".join([*parts, _rules(name), *_shapes(name), *_user(name), *_test(name)])


def _rules(name: str) -> str:
    hook = spec.hooks()[name]
    rows = [
        f"- **Kind**: {hook.kind.value}: {KINDS[hook.kind]}.",
        f"- **On failure**: {hook.on_error.value}: {FAILURES[hook.on_error]}.",
        f"- **Budget**: {hook.budget_ms:,} ms for one call; `budget_ms` in a manifest replaces it.",
        f"- **Answered by**: {codes(answered_by(name))}.",
    ]
    if hook.is_quick:
        rows.append("- **Quick**: plugins that come with Amber are called right where the request is served.")
    return "\n".join(rows)


def _shapes(name: str) -> Iterator[str]:
    """The Structs that go in and out, as the code declares them."""
    given = inspect.signature(getattr(spec, name))
    annotations = [*(one.annotation for one in given.parameters.values()), given.return_annotation]
    shapes = dict.fromkeys(found for one in annotations for found in _types(one))
    if shapes:
        yield "## What goes in and out"
    for shape in shapes:
        if issubclass(shape, Struct):
            yield _block(inspect.getsource(shape))
        else:
            yield f"{code(shape.__name__)}: {prose(shape)} It is declared in {_link(inspect.getfile(shape))}."


def _types(annotation: Any) -> Iterator[type]:
    """The types of `amber.model` that an annotation names."""
    is_class = isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias)
    if is_class and annotation.__module__.startswith("amber.model"):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)


def _user(name: str) -> Iterator[str]:
    """The shortest answer a plugin of ours gives that shows anything."""
    found = [(plugin, getattr(module(plugin), name)) for plugin in answered_by(name)]
    sources = [
        (len(source.splitlines()), plugin, function) for plugin, function in found if (source := _source(function))
    ]
    if not sources:
        raise Undocumented(f"no plugin of ours answers {name}: a hook comes with its first user")
    _, plugin, function = min(sources, key=lambda one: one[:2])
    yield "## A plugin that uses it"
    yield f"{code(plugin)}, in {_link(inspect.getfile(function))}: {prose(module(plugin))}"
    yield _block(_source(function))


def _source(function: Any) -> str:
    source = textwrap.dedent(inspect.getsource(function))
    return source if len(source.splitlines()) >= SHORTEST else ""


def _test(name: str) -> Iterator[str]:
    found = _contract(name) or _shortest(name)
    if found is None:
        raise Undocumented(f"no test calls {name}: write one beside the plugin that answers it")
    path, source = found
    yield "## How to test it"
    yield (
        "`pytest --pyargs amber.testing.contract --plugin NAME` asks your plugin as the kernel would. A test of your"
        f" own may look like this one, from {_link(path)}:"
    )
    yield _block(source)


def _contract(name: str) -> tuple[str, str] | None:
    """How one of our stores is held to the contract of its role."""
    wanted = f"{name.title().replace('_', '')}Contract"
    for path, tree in _tests("plugins/*/tests/*.py").items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and wanted in map(ast.unparse, node.bases):
                return path, _text(path, node)
    return None


def _shortest(name: str) -> tuple[str, str] | None:
    """The shortest of our tests that names a hook; one beside a plugin before one of the kernel."""
    for pattern in ("plugins/*/tests/**/test_*.py", "tests/kernel/test_*.py", "tests/flows/test_*.py"):
        found = [
            (len(text.splitlines()), path, text)
            for path, tree in _tests(pattern).items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
            if re.search(rf"\b{name}\b", text := _text(path, node))
        ]
        if found:
            _, path, text = min(found)
            return path, text
    return None


@cache
def _tests(pattern: str) -> Mapping[str, ast.Module]:
    paths = sorted(ROOT.glob(pattern))
    return {str(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _text(path: str, node: ast.stmt) -> str:
    """A definition as it is written, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min(node.lineno, *(one.lineno for one in decorators)) if decorators else node.lineno
    lines = Path(path).read_text(encoding="utf-8").splitlines()[first - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(lines))


def _link(file: str) -> str:
    place = Path(file).resolve().relative_to(ROOT)
    return f"[{place}]({os.path.relpath(ROOT / place, ROOT / 'docs' / 'reference' / FOLDER)})"


def _block(source: str) -> str:
    return f"```python\n{source.rstrip()}\n```"
