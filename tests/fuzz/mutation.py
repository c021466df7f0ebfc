"""Inputs made from other inputs: what bit rot, careless programs and clever people do to them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

LONGEST = 64 << 10
"""Bytes a mutated input is cut to; long ones have a test of their own."""
TOKENS = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"--", b"%00", b"%",
    b"\\u0000", b"\\ud800", b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 30, b"9" * 5000, b"\xd9\xa3", b"[" * 600,
    b'{"a":' * 600, b"null", b"true", b'""', b"[]", b"{}", b"=", b"&", b";", b",", b":", b"'", b'"', b"\\", b"//",
    b"[::1", b"@", b"*", b"$", b"?", b"..", b"password=", b"Bearer ", b"4111 1111 1111 1111", b"https://u:p@h",
    b"\x1f\x8b", b"x" * 3000, "\u202e\u00df\u0130".encode(),
)  # fmt: skip
VALUES = (
    None, True, -1, 0, 2**31, 2**63, 2**64, -(2**64), 10**40, 1e308, -0.0, "", "\x00", "\ud800", "x" * 9000, "1e999",
    [], {}, [[]], {"": ""}, [None], {"values": None}, {"values": [None, 1, "x", []]}, ["a", 1], [["a", "b"]], [["a"]],
    "event", "error", {"frames": [{"lineno": "x", "vars": [1]}]}, "9" * 5000, "2026-11-22T19:31:17Z", "a" * 32,
    "Zq7 password=hunter2",
)  # fmt: skip


class Step(Struct, frozen=True):
    """One mutation: what is done, where (0 to 1), to how much, and with which of many things."""

    kind: int
    at: float
    size: int
    choice: int


STEPS = st.lists(
    st.builds(
        Step,
        kind=st.integers(0, 8),
        at=st.floats(0, 1),
        size=st.sampled_from([1, 1, 2, 4, 16, 64, 1000]),
        choice=st.integers(0, 2**16),
    ),
    min_size=1,
    max_size=6,
)


def mutated(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Inputs made from one of the seeds by a few steps."""
    return st.builds(lambda seed, steps: apply(seed, steps, seeds), st.sampled_from(seeds), STEPS)


def apply(data: bytes, steps: Sequence[Step], seeds: Sequence[bytes]) -> bytes:
    """The input after these steps."""
    for step in steps:
        data = KINDS[step.kind % len(KINDS)](data, step, seeds)[:LONGEST]
    return data


def _span(data: bytes, step: Step) -> tuple[int, int]:
    start = int(step.at * len(data))
    return start, min(len(data), start + step.size)


def _flip(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    start, _end = _span(data, step)
    return (
        data[:start] + bytes([(data[start] ^ (1 << step.choice % 8))] if start < len(data) else []) + data[start + 1 :]
    )


def _drop(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, step)
    return data[:start] + data[end:]


def _repeat(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, step)
    return data[:end] + data[start:end] * (step.choice % 300) + data[end:]


def _insert(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    start, _end = _span(data, step)
    return data[:start] + TOKENS[step.choice % len(TOKENS)] + data[start:]


def _replace(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, step)
    return data[:start] + TOKENS[step.choice % len(TOKENS)] + data[end:]


def _cut(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    return data[: int(step.at * len(data))]


def _splice(data: bytes, step: Step, seeds: Sequence[bytes]) -> bytes:
    other = seeds[step.choice % len(seeds)]
    return data[: int(step.at * len(data))] + other[int(step.at * len(other)) :]


def _value(data: bytes, step: Step, _: Sequence[bytes]) -> bytes:
    """Another value, or another name, somewhere in a line of JSON; other inputs stay as they are."""
    lines = data.split(b"\n")
    found = [number for number, line in enumerate(lines) if line.lstrip()[:1] in (b"{", b"[")]
    if not found:
        return _replace(data, step, ())
    number = found[step.choice % len(found)]
    try:
        tree = msgspec.json.decode(lines[number])
        places = list(_places(tree))
        holder, key = places[int(step.at * (len(places) - 1))]
        _change(holder, key, step)
        lines[number] = _encode(tree)
    except (ValueError, RecursionError, IndexError):
        return _replace(data, step, ())
    return b"\n".join(lines)


def _change(holder: Any, key: Any, step: Step) -> None:
    value = VALUES[step.choice // 7 % len(VALUES)]
    if isinstance(holder, dict) and step.size == 2:
        holder[str(value)[:5000]] = holder.pop(key)
    elif isinstance(holder, dict) and step.size == 4:
        del holder[key]
    elif isinstance(holder, list) and step.size == 4:
        holder += [holder[key]] * (step.choice % 300)
    elif step.size == 16:
        holder[key] = [holder[key]]
    else:
        holder[key] = value


def _places(tree: Any) -> Any:
    """Every (holder, key) in a tree, from the top down."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop(0)
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            waiting.append(holder[key])


def _encode(tree: Any) -> bytes:
    """JSON of whatever Python holds, lone surrogates and large numbers too."""
    return json.dumps(tree, separators=(",", ":")).encode()


KINDS: tuple[Callable[[bytes, Step, Sequence[bytes]], bytes], ...] = (
    _flip,
    _drop,
    _repeat,
    _insert,
    _replace,
    _cut,
    _splice,
    _value,
    _value,
)
