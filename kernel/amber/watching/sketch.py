"""Values as people are shown them: short, shallow, and without what is secret by its type or its name."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from amber.digesting.describe import title
from amber.model import AuthRequest, Event
from amber.model.secrets import Secret

DEEPEST, LONGEST, MOST = 7, 200, 8
"""Levels, characters of a text and entries of a list that are shown."""
HIDDEN = "[hidden]"
PRIVATE = re.compile(
    r"(?i)pass|secret|token|auth|cookie|session|credential|csrf|signature|(?:api|private|public|dsn).?key"
)


def sketch(value: Any, depth: int = 0) -> Any:
    """What a value looks like, in JSON's types: a Struct as `{"Name": {fields that differ from their defaults}}`."""
    match value:
        case None | bool() | int() | float():
            return value
        case Secret():
            return HIDDEN
        case str():
            return shorten(value)
        case bytes() | bytearray():
            return f"<{len(value):,} bytes>"
    return _sketch_parts(value, depth) if depth < DEEPEST else f"<{type(value).__name__}>"


def _sketch_parts(value: Any, depth: int) -> Any:
    match value:
        case AuthRequest():  # its headers are credentials, or next to nothing
            return {"AuthRequest": {"method": value.method, "path": value.path, "project": value.project}}
        case Event():
            return {"Event": _event(value, depth)}
        case Struct():
            return {type(value).__name__: _fields(_different(value), depth)}
        case Mapping():
            return _fields({str(name): item for name, item in value.items()}, depth)
        case Collection():
            return _items(value, depth)
    return f"<{getattr(value, '__qualname__', type(value).__name__)}>"


def shorten(text: str) -> str:
    """The beginning of a text, and how much of it there is."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _event(event: Event, depth: int) -> dict[str, Any]:
    told = {"id": event.id, "project": event.project, "type": event.type, "level": event.level, "title": title(event)}
    return {**told, "additions": sketch(event.additions, depth + 1)} if event.additions else told


def _different(value: Struct) -> dict[str, Any]:
    """The fields of a Struct that do not hold their defaults."""
    fields = msgspec.structs.fields(value)
    usual = {one.name: one.default if one.default_factory is NODEFAULT else one.default_factory() for one in fields}
    found = {name: getattr(value, name) for name in usual}
    return {name: item for name, item in found.items() if item is not usual[name] and item != usual[name]}


def _fields(fields: Mapping[str, Any], depth: int) -> dict[str, Any]:
    shown = {
        shorten(name): HIDDEN if PRIVATE.search(name) and item else sketch(item, depth + 1)
        for name, item in list(fields.items())[: MOST * 2]
    }
    return shown if len(fields) <= MOST * 2 else {**shown, "…": f"{len(fields) - MOST * 2:,} more"}


def _items(items: Collection[Any], depth: int) -> list[Any]:
    shown = [sketch(item, depth + 1) for item, _ in zip(items, range(MOST), strict=False)]
    return shown if len(items) <= MOST else [*shown, f"… {len(items) - MOST:,} more"]
