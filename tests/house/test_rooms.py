"""The kernel's rooms: none runs in circles, and together they do not grow heavier."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

CEILING = 12_500
"""Lines of code in the kernel, without what only tests and authors use. It goes down, never up: decision 0033."""
LIGHT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("amber", exclude_type_checking_imports=True)


def circles(graph: grimp.ImportGraph) -> Iterator[tuple[str, ...]]:
    """Ways from a module back to itself; the shortest for each module that has one."""
    for module in sorted(graph.modules):
        ways = (graph.find_shortest_chain(found, module) for found in graph.find_modules_directly_imported_by(module))
        yield from ((module, *way) for way in ways if way)


def test_no_modules_of_the_kernel_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    assert list(circles(graph)) == []


def weight(source: bytes) -> int:
    """Lines that hold code: no docstrings, no comments, no blank ones."""
    tokens = tokenize.tokenize(io.BytesIO(source).readline)
    held = {
        line
        for token in tokens
        if token.type not in LIGHT | {tokenize.ENCODING}
        for line in range(token.start[0], token.end[0] + 1)
    }
    told = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return len(held - {line for node in told for line in range(node.lineno, (node.end_lineno or 0) + 1)})


def test_the_kernel_grows_no_heavier(root: Path, tracked: list[Path]) -> None:
    kernel = root / "kernel" / "amber"
    counted = [
        path
        for path in tracked
        if path.suffix == ".py" and path.is_relative_to(kernel) and path.relative_to(kernel).parts[0] != "testing"
    ]
    assert sum(weight(path.read_bytes()) for path in counted) <= CEILING
