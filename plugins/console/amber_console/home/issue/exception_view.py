"""Chains and groups of exceptions as a page shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber_console.home.issue.frame_view import StackView, stack_view
from amber_console.home.issue.mechanism_view import MechanismView, mechanism_view
from amber_console.home.issue.values import mapping, objects, spelled

Node = Mapping[str, Any]
DEEPEST = 6
"""Groups within groups are nested so deep; what lies deeper follows in a row."""
CAUSED, WHILE = "Caused by", "Raised while handling"


class ExceptionView(Struct, frozen=True):
    """One exception; `relation` says how it belongs to the one above it, `members` are the chains a group contains."""

    relation: str
    type: str
    value: str
    module: str
    mechanism: MechanismView
    stack: StackView
    members: "tuple[tuple[ExceptionView, ...], ...]" = ()


class Tree:
    """Exceptions whose mechanisms say which of them belongs to which."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        ids = [(mapping(one.get("mechanism")).get("exception_id"), one) for one in nodes]
        self.nodes: dict[int, Node] = {id: one for id, one in ids if isinstance(id, int)}
        self.below: dict[object, list[int]] = {}
        for id, node in sorted(self.nodes.items()):
            parent = mapping(node.get("mechanism")).get("parent_id")
            self.below.setdefault(None if parent == id else parent, []).append(id)
        self.is_sound = len(self.nodes) == len(nodes) == len(self.row(None)) and len(self.below.get(None, ())) == 1

    def row(self, top: int | None) -> list[int]:
        """Everything below `top`, each exception followed by its own."""
        found: list[int] = []
        waiting = list(reversed(self.below.get(top, ())))
        while waiting:
            found.append(waiting.pop())
            waiting += reversed(self.below.get(found[-1], ()))
        return found

    def chain(self, top: int, relation: str = "", depth: int = 0) -> tuple[ExceptionView, ...]:
        """The exception, what it contains, and what caused it."""
        if depth >= DEEPEST:
            return tuple(_shown(self.nodes[one], CAUSED if one != top else relation) for one in (top, *self.row(top)))
        found: list[ExceptionView] = []
        waiting = [(top, relation)]
        while waiting:
            at, how = waiting.pop()
            inside = [one for one in self.below.get(at, ()) if _is_member(self.nodes[one])]
            members = tuple(self.chain(one, depth=depth + 1) for one in inside)
            found.append(_shown(self.nodes[at], how, members))
            rest = [one for one in self.below.get(at, ()) if one not in inside]
            waiting += [(one, _relation(self.nodes[one])) for one in reversed(rest)]
        return tuple(found)


def exception_views(value: object) -> tuple[ExceptionView, ...]:
    """The exceptions of an event, from the one that was seen to its first cause."""
    nodes = objects(value)
    tree = Tree(nodes)
    if tree.is_sound:
        return tree.chain(tree.below[None][0])
    newest_first = list(reversed(nodes))
    return tuple(_shown(node, _relation(node) if at else "") for at, node in enumerate(newest_first))


def _shown(node: Node, relation: str, members: tuple[tuple[ExceptionView, ...], ...] = ()) -> ExceptionView:
    return ExceptionView(
        relation=relation,
        type=spelled(node.get("type")) or "Error",
        value=spelled(node.get("value")),
        module=spelled(node.get("module")),
        mechanism=mechanism_view(node.get("mechanism")),
        stack=stack_view(node.get("stacktrace")),
        members=members,
    )


def _relation(node: Node) -> str:
    return WHILE if mapping(node.get("mechanism")).get("source") == "__context__" else CAUSED


def _is_member(node: Node) -> bool:
    """Whether the exception was inside of a group: its source reads like `exceptions[2]` or `errors[0]`."""
    return "[" in spelled(mapping(node.get("mechanism")).get("source"))
