"""Which revisions a folder of Alembic's ends with, read without Alembic, which takes a quarter of a second to load."""

import ast
from pathlib import Path
from typing import Any


def newest(versions: Path) -> set[str] | None:
    """The revisions no other one follows; None where a file says it in a way that only Alembic reads."""
    known: set[str] = set()
    followed: set[str] = set()
    for file in sorted(versions.glob("*.py")):
        try:
            said = _said(ast.parse(file.read_bytes()))
        except (SyntaxError, ValueError):
            return None
        revision, before = said.get("revision"), said.get("down_revision", ...)
        if not isinstance(revision, str) or not (before is None or isinstance(before, str)):
            return None
        known.add(revision)
        if before is not None:
            followed.add(before)
    return known - followed


def _said(tree: ast.Module) -> dict[str, Any]:
    """The constants a module gives names to."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(node.value, ast.Constant):
            found[targets[0].id] = node.value.value
    return found
