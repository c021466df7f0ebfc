"""An event is the same whether its fields were kept as they came or taken apart and put together again."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import Event
from amber_ingest.normalise import Arrival, normalise_event, read_json, split

ARRIVAL = Arrival(7, 1_795_375_877.0, None, "203.0.113.9", "", "sentry.python/2.75.0", "e" * 32, "event")
FRAME = {
    "function": "pay", "module": "shop.cart", "filename": "shop/cart.py", "abs_path": "/app/shop/cart.py", "lineno": 7,
    "in_app": True, "context_line": "  pay()", "pre_context": ["a"], "post_context": [], "vars": {"x": "1", "y": [2]},
}  # fmt: skip
EXCEPTION = {
    "type": "ValueError", "value": "no", "module": "builtins", "stacktrace": {"frames": [FRAME, dict(FRAME, lineno=8)]},
    "mechanism": {"type": "generic", "handled": False, "data": {"a": 1}},
}  # fmt: skip
CRUMB = {
    "type": "default", "category": "http", "level": "info", "message": "GET /", "data": {"status": 200},
    "timestamp": "2026-11-22T10:00:00.000000Z",
}  # fmt: skip
RIGHT: dict[str, Any] = {
    "event_id": "a" * 32, "timestamp": 1_795_375_870.5, "platform": "python", "level": "error", "release": "shop@1.2.3",
    "exception": {"values": [EXCEPTION]}, "breadcrumbs": {"values": [CRUMB, CRUMB]}, "modules": {"django": "5.1"},
    "tags": {"a": "b"}, "contexts": {"runtime": {"name": "CPython", "version": "3.11"}}, "extra": {"k": [1]},
}  # fmt: skip
ODD = st.sampled_from(
    [None, "", "?", "x" * 5000, "é" * 300, "\ud800", "a\0b", 0, -1, 7.0, 2**63, 2**64, 10**30, 1e22, True, [], {},
     [None], {"a": None}, [[[[[[1]]]]]],
     {"b": {"c": {"d": {"e": {"f": 1}}}}}, "go", "javascript", "native", "warning", "fatal",
     {"k": "x" * 3000}, {"k": "\\" * 1500}, "1795375870", 1_795_375_870, "2026-11-22T10:00:00Z", "two words",
     "2026-13-45T10:00:00.000000Z", {"values": []}, {"values": [None]}, {"frames": None}, {"signal": {"number": 11}}]
)  # fmt: skip
KEYS = st.sampled_from(
    ["stacktrace", "platform", "source", "meta", "raw_stacktrace", "registers", "type", "vars", "data", "message",
     "level", "timestamp", "in_app", "function", "filename", "abs_path", "context_line", "pre_context", "unknown",
     "values",
     "frames", "origin", "thread_id", "colno", "sentry.interfaces.Exception", "errors", "_meta", "lang", "value"]
)  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a tree, its containers' own among them."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(one for key, item in inner for one in places(item, (*path, key)))]


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """A right event with something put, replaced or taken out in a few places."""
    event = copy.deepcopy(RIGHT)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([place for place in places(event) if place]))
        node: Any = event
        for key in path[:-1]:
            node = node[key]
        if draw(st.booleans()) and isinstance(node[path[-1]], dict):
            node[path[-1]][draw(KEYS)] = copy.deepcopy(draw(ODD))
        elif draw(st.integers(0, 4)) == 0:
            del node[path[-1]]
        else:
            node[path[-1]] = copy.deepcopy(draw(ODD))
    return event


def fast(payload: bytes, arrival: Arrival) -> tuple[Event, set[str]]:
    fields, kept = split(payload) or (read_json(payload), {})
    return normalise_event(fields, arrival, kept), set(kept)


def assert_agree(payload: bytes, arrival: Arrival = ARRIVAL) -> set[str]:
    """Both ways give one event; which fields were kept as they came."""
    plain = normalise_event(read_json(payload), arrival)
    quick, kept = fast(payload, arrival)
    assert quick.data == plain.data
    assert json.loads(quick.body.encoded) == json.loads(plain.body.encoded)
    assert (quick.id, quick.type, quick.timestamp, quick.category) == (
        plain.id, plain.type, plain.timestamp, plain.category
    )  # fmt: skip
    assert quick.chain == plain.chain
    return kept


@settings(deadline=None, max_examples=300)
@given(nearly_right(), st.sampled_from([None, 1_795_375_877.0 - 7200]))
def test_both_ways_give_the_same_event(event: dict[str, Any], sent_at: float | None) -> None:
    payload = json.dumps(event).encode()
    assert_agree(payload, msgspec.structs.replace(ARRIVAL, sent_at=sent_at))


def test_what_is_right_is_kept_as_it_came() -> None:
    payload = json.dumps(RIGHT).encode()
    assert assert_agree(payload) == {"exception", "breadcrumbs", "modules"}
    assert json.dumps(RIGHT["exception"]).encode() in fast(payload, ARRIVAL)[0].body.encoded


def put(path: tuple[Any, ...], value: Any) -> bytes:
    event = copy.deepcopy(RIGHT)
    node: Any = event
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("exception", "values", 0, "stacktrace", "frames", 0, "vars"), {"k": "x" * 3000}),
        (("exception", "values", 0, "mechanism", "meta"), {"signal": {"number": 11}}),
        (("exception", "values"), []),
        (("stacktrace",), {"frames": [FRAME]}),
        (("sentry.interfaces.Exception",), {"values": []}),
    ],
)
def test_an_exception_with_notes_or_of_which_other_fields_tell_is_not_kept(path: tuple[Any, ...], value: Any) -> None:
    assert "exception" not in assert_agree(put(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("exception", "values", 0, "stacktrace", "frames", 0, "function"), "?"),
        (("exception", "values", 0, "stacktrace", "frames", 0, "in_app"), None),
        (("exception", "values", 0, "stacktrace", "frames", 0, "platform"), "go"),
        (("exception", "values", 0, "type"), ""),
        (("platform",), "native"),
        (("platform",), "javascript"),
    ],
)
def test_an_exception_that_tells_itself_how_it_must_change_is_mended_by_itself(
    path: tuple[Any, ...], value: Any
) -> None:
    payload = put(path, value)
    assert "exception" in assert_agree(payload)
    assert "exception" in fast(payload, ARRIVAL)[0].body.kept


def test_broken_text_takes_the_tolerant_way() -> None:
    for bad in (
        b'{"modules": {"a": "\xff"}}',
        b'{"modules": {"a": "\\ud800"}}',
        b'{"extra": {"a": "\\u0000"}}',
        b"[1]",
    ):
        assert split(bad) is None or "modules" not in (split(bad) or ({}, {}))[1]
        assert_agree(bad)


def test_events_of_real_sdks_are_the_same_both_ways(shared: Path) -> None:
    kept = set()
    arrival = msgspec.structs.replace(ARRIVAL, received_at=1_795_376_000.0)
    for file in sorted(shared.glob("*.envelope")):
        for line in file.read_bytes().split(b"\n"):
            if b'"platform":' in line and b'"event_id":' in line:
                kept |= assert_agree(line, arrival)
    assert kept >= {"exception"}
