"""Small pieces: how long a file and a function may be, and how many things a function may ask for."""

import ast
from pathlib import Path

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS = 500, 40, 5
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(trees: dict[Path, ast.Module]) -> list[tuple[str, Function]]:
    return [
        (f"{path}:{node.lineno} {node.name}", node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]


def parameters(function: Function) -> list[str]:
    given = function.args
    several = [argument for argument in (given.vararg, given.kwarg) if argument]
    names = [argument.arg for argument in [*given.posonlyargs, *given.args, *given.kwonlyargs, *several]]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_no_file_is_too_long(trees: dict[Path, ast.Module]) -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in trees}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE} == {}


def test_no_function_is_too_long(trees: dict[Path, ast.Module]) -> None:
    lengths = {where: (node.end_lineno or 0) - node.lineno + 1 for where, node in functions(trees)}
    assert {where: lines for where, lines in lengths.items() if lines > MAX_FUNCTION} == {}


def test_no_function_asks_for_too_much(trees: dict[Path, ast.Module]) -> None:
    # Nobody calls a test: what it lists are fixtures and the columns of its table.
    asked = {where: parameters(node) for where, node in functions(trees) if not node.name.startswith("test_")}
    assert {where: names for where, names in asked.items() if len(names) > MAX_PARAMETERS} == {}
