"""The chain of exceptions, and the tree of an exception group (RFC 79), as parts."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber.model import ExceptionValue
from amber_grouping.stack.frames import Stack, stack_of
from amber_grouping.stack.key import Part, part
from amber_grouping.stack.messages import first_lines

MAX_EXCEPTIONS = 100


class Raised(Struct, frozen=True):
    """One exception as it counts."""

    type: str
    value: str
    stack: Stack

    def parts(self) -> list[Part]:
        """Type and frames; the message only where there is no frame that counts."""
        parts = [part("type", self.type)] if self.type else []
        parts += self.stack.parts() or ([part("value", self.value)] if self.value else [])
        return parts


def raised(node: ExceptionValue, platform: str) -> Raised:
    """One exception value of an event; the type of a synthetic one was made up by the SDK and does not count."""
    is_synthetic = bool(_mechanism(node).get("synthetic"))
    stack = stack_of(node.frames, platform)
    kind = "" if is_synthetic and (stack.frames or node.value) else node.type
    return Raised(kind or "", "" if stack.frames else first_lines(node.value or ""), stack)


def chain_of(nodes: Sequence[ExceptionValue], platform: str) -> list[Raised]:
    """Those exceptions that count, oldest cause first; of a group, each different member once and the group itself."""
    nodes = nodes[-MAX_EXCEPTIONS:]
    members = _members(nodes)
    if not members:
        return [raised(node, platform) for node in nodes]
    chains = {tuple(raised(node, platform) for node in chain) for chain in members}
    ordered = sorted(chains, key=lambda chain: [one.parts() for one in chain])
    found = [one for chain in ordered for one in chain]
    return found if len(ordered) == 1 else [*found, raised(nodes[_root(_ids(nodes))], platform)]


def _members(nodes: Sequence[ExceptionValue]) -> list[list[ExceptionValue]]:
    """For each member of an exception group its causes and itself; nothing where there is no sound group."""
    ids = _ids(nodes)
    if not any(_mechanism(node).get("is_exception_group") for node in nodes) or not _is_tree(ids):
        return []
    children: dict[int, list[int]] = {}
    for index, (_, parent) in enumerate(ids):
        if parent is not None:
            children.setdefault(_index(ids, parent), []).append(index)
    found: list[list[ExceptionValue]] = []
    waiting = [_root(ids)]
    while waiting:
        index = waiting.pop()
        if _mechanism(nodes[index]).get("is_exception_group") and children.get(index):
            waiting += children[index]
        else:
            found.append(
                [nodes[step] for step in sorted(_below(index, children), key=lambda step: (step == index, step))]
            )
    return found


def _below(index: int, children: Mapping[int, list[int]]) -> list[int]:
    found = [index]
    for step in found:
        found += children.get(step, ())
    return found


def _mechanism(node: ExceptionValue) -> Mapping[str, Any]:
    return node.mechanism or {}


def _ids(nodes: Sequence[ExceptionValue]) -> list[tuple[object, object]]:
    return [(_mechanism(node).get("exception_id"), _mechanism(node).get("parent_id")) for node in nodes]


def _index(ids: Sequence[tuple[object, object]], wanted: object) -> int:
    return next(index for index, (own, _) in enumerate(ids) if own == wanted)


def _root(ids: Sequence[tuple[object, object]]) -> int:
    return next(index for index, (_, parent) in enumerate(ids) if parent is None)


def _is_tree(ids: Sequence[tuple[object, object]]) -> bool:
    """Whether ids are distinct, there is one root, and from everywhere a way leads up to it."""
    parents = {own: parent for own, parent in ids if isinstance(own, int)}
    if len(parents) != len(ids) or [parent for _, parent in ids].count(None) != 1:
        return False
    for own in parents:
        steps, at = 0, parents[own]
        while at is not None:
            if not isinstance(at, int) or at not in parents or steps > len(ids):
                return False
            steps, at = steps + 1, parents[at]
    return True
