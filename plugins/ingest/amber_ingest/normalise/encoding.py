"""JSON values as bytes: how large and how deep they are, and whether they can be written at all."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

MOST_TYPED = 7
"""Levels up to which a type says how deep a value may be, which is read in C; it grows twice as large with each."""
DEEPEST = 64
"""Containers below this level are not kept; no field of an event may be this deep."""
REPLACEMENT = "\ufffd"
LARGEST_INT = 2**64 - 1
SMALLEST_INT = -(2**63)
SURROGATES = {code: REPLACEMENT for code in range(0xD800, 0xE000)}
UNSTORABLE = SURROGATES | {0: REPLACEMENT}

encode = msgspec.json.Encoder().encode


def fits(value: object, size: int, depth: int) -> bool:
    """Whether a value has at most `size` bytes of JSON and `depth` levels of containers."""
    try:
        text = encode(value)
    except RecursionError:
        return False
    if len(text) > size:
        return False
    # Brackets in strings count too, so this says yes only where it is sure; an exact way answers for the rest.
    if text.count(b"{") + text.count(b"[") <= depth:
        return True
    return _reads(text, depth) if depth <= MOST_TYPED else _is_shallow(value, depth)


def written(value: object) -> str:
    """A value as JSON text; one too deep to write as dots."""
    try:
        return encode(value).decode()
    except RecursionError:
        return "[…]"


def nested(levels: int) -> Any:
    """The type of JSON values with at most so many levels of containers."""
    kind: Any = str | int | float | bool | None
    scalar = kind
    for _ in range(levels):
        kind = scalar | dict[str, kind] | list[kind]
    return kind


@cache
def _reader(levels: int) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(nested(levels)).decode


def _is_shallow(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_shallow(entry, depth - 1) for entry in value.values())
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_shallow(entry, depth - 1) for entry in value)
    return True


def _reads(text: bytes, depth: int) -> bool:
    try:
        _reader(depth)(text)
    except msgspec.ValidationError:
        return False
    return True


def sound(value: Any) -> Any:
    """`value` itself if every store can hold it, else a copy that they can.

    In the copy lone surrogates and NUL characters are U+FFFD, numbers that JSON lacks are null, integers beyond 64 bits
    are floats (or text, where a float cannot hold them), and containers deeper than `DEEPEST` are gone.
    """
    try:
        text = encode(value)
    except (UnicodeError, RecursionError, ValueError, TypeError):
        return _copy(value, DEEPEST)
    return _copy(value, DEEPEST) if b"\\u0000" in text else value


def clean(text: str) -> str:
    """`text` without NUL characters and lone surrogates."""
    return text.translate(UNSTORABLE)


def _copy(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if SMALLEST_INT <= value <= LARGEST_INT else wide(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth <= 0 or not isinstance(value, dict | list | tuple):
        return None
    if isinstance(value, dict):
        return {clean(str(key)): _copy(entry, depth - 1) for key, entry in value.items()}
    return [_copy(entry, depth - 1) for entry in value]


def wide(value: int) -> float | str:
    """An integer beyond 64 bits as a float, or as hexadecimal text where a float cannot hold it."""
    try:
        return float(value)
    except OverflowError:
        return hex(value)
