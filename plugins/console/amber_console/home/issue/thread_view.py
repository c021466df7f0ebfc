"""Threads as a page shows them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber_console.home.issue.frame_view import StackView, stack_view
from amber_console.home.issue.values import objects, spelled

SIGNS = ("crashed", "current", "main")
"""What is said of a thread, the most telling first; threads are shown in this order."""


class ThreadView(Struct, frozen=True):
    """One thread; `name` may be empty, `signs` are words such as `crashed`."""

    name: str
    signs: tuple[str, ...]
    stack: StackView


def thread_views(value: object) -> tuple[ThreadView, ...]:
    """The threads of an event, the crashed one first."""
    return tuple(_shown(one) for one in sorted(objects(value), key=_rank))


def _rank(thread: Mapping[str, Any]) -> int:
    return next((at for at, sign in enumerate(SIGNS) if thread.get(sign) is True), len(SIGNS))


def _shown(thread: Mapping[str, Any]) -> ThreadView:
    id, name, state = (spelled(thread.get(field)) for field in ("id", "name", "state"))
    signs = [sign for sign in SIGNS if thread.get(sign) is True]
    said = " ".join(word for word in (name, f"({id})" if name and id else id) if word)
    return ThreadView(said, tuple(signs + ([state] if state else [])), stack_view(thread.get("stacktrace")))
