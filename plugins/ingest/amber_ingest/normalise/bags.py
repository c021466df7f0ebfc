"""Bags: data of free form (variables, extra, contexts), held to a size and a depth."""

from typing import Any

from amber_ingest.normalise.encoding import encode, fits, written
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule

SMALL_BAG = 2048, 5
"""Bytes and levels of the bags that come in numbers: a frame's variables, a breadcrumb's data."""


def bag(size: int, depth: int) -> Rule:
    """An object of free form with at most `size` bytes of JSON and `depth` levels of containers."""

    def mend(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            notes.bad(path, "expected an object")
            return None
        return value if fits(value, size, depth) else _trim_object(value, (size, depth), notes, path)[0]

    return Rule(Any, mend, always=True)


def anything(size: int, depth: int) -> Rule:
    """Any JSON value with at most `size` bytes and `depth` levels of containers."""

    def mend(value: Any, notes: Notes, path: Path) -> Any:
        return value if fits(value, size, depth) else trim(value, (size, depth), notes, path)[0]

    return Rule(Any, mend, always=True)


def trim(value: Any, room: tuple[int, int], notes: Notes, path: Path) -> tuple[Any, int]:
    """As much of `value` as `room` = (bytes, levels) holds, and the bytes it takes."""
    if isinstance(value, dict | list | tuple):
        if room[1] <= 0:
            return _trim_text(written(value), room[0], notes, path)
        return (
            _trim_object(value, room, notes, path) if isinstance(value, dict) else _trim_list(value, room, notes, path)
        )
    if isinstance(value, str):
        return _trim_text(value, room[0], notes, path)
    return value, len(encode(value))


def _trim_object(value: dict[str, Any], room: tuple[int, int], notes: Notes, path: Path) -> tuple[dict[str, Any], int]:
    kept: dict[str, Any] = {}
    used = 2
    for key, entry in value.items():
        cost = len(encode(key)) + 2
        content, size = trim(entry, (room[0] - used - cost, room[1] - 1), notes, (*path, key))
        if used + cost + size > room[0]:
            notes.shortened(path, len(value))
            break
        kept[key] = content
        used += cost + size
    return kept, used


def _trim_list(
    value: list[Any] | tuple[Any, ...], room: tuple[int, int], notes: Notes, path: Path
) -> tuple[list[Any], int]:
    kept: list[Any] = []
    used = 2
    for index, entry in enumerate(value):
        content, size = trim(entry, (room[0] - used - 1, room[1] - 1), notes, (*path, str(index)))
        if used + 1 + size > room[0]:
            notes.shortened(path, len(value))
            break
        kept.append(content)
        used += 1 + size
    return kept, used


def _trim_text(value: str, size: int, notes: Notes, path: Path) -> tuple[str, int]:
    length = len(encode(value))
    if length <= size:
        return value, length
    keep = max(0, size - 5)
    while keep and len(encode(value[:keep])) > size - 3:
        keep = keep * 3 // 4
    if keep <= 0:
        return value, length  # no room: the caller leaves it out
    notes.cut(path, keep, keep + 3, len(value))
    return value[:keep] + "...", len(encode(value[:keep])) + 3
