"""No JSON value makes the normaliser raise, and what it answers is in normal form already."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import Event
from amber_ingest.normalise import Arrival, normalise_event, normalise_feedback, normalise_security, read_json
from amber_ingest.normalise.event import FIELDS

ARRIVAL = Arrival(
    7, 1_795_375_877.0, None, "203.0.113.9", "Mozilla/5.0 Firefox/141.0", "sentry.python/2.75.0", "", "event"
)
INNER = [
    "values", "frames", "stacktrace", "raw_stacktrace", "type", "value", "module", "mechanism", "handled", "data",
    "meta", "signal", "number", "mach_exception", "exception", "thread_id", "function", "raw_function", "filename",
    "abs_path", "lineno", "colno", "pre_context", "context_line", "post_context", "vars", "in_app",
    "instruction_addr", "message", "formatted", "params", "category", "timestamp", "url", "query_string",
    "fragment", "cookies", "headers", "env", "method", "REMOTE_ADDR", "Cookie", "User-Agent", "Content-Type", "id",
    "username", "email", "ip_address", "geo", "os", "browser", "runtime", "device", "trace", "flags", "trace_id",
    "span_id", "name", "version", "raw_description", "images", "debug_id", "settings", "infer_ip", "packages",
    "key", "environment", "release", "processor_count", "memory_size", "processor_frequency", "csp-report", "body",
    "blocked-uri", "document-uri", "blockedURL", "comments", "event_id", "known-pins", "hostname", "source", "code",
]  # fmt: skip
TOP = [
    *FIELDS,
    "message",
    "event_id",
    "level",
    "type",
    "timestamp",
    "start_timestamp",
    "breadcrumbs",
    "spans",
    "_meta",
    "errors",
]
HOSTILE = st.sampled_from(
    [
        "\ud800", "a\0b", "", " ", "?", "{{auto}}", "::1", "a=b&c=%00", '{"a":[1]}', "{", "https://h/p?q=1#f",
        "https://[", "x" * 9000, "é" * 300, "%s {} %(a)s {a}", "transaction", "feedback", "error", "a" * 32,
        "2026-11-22T19:31:17Z", "javascript", "apple", "elf", "Android", "never", "latest", "none", "E: v",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)", 40, 1795375877, True,
        2**64, -(2**63) - 1, 10**400, 1e308, float("nan"), float("-inf"),
    ]
)  # fmt: skip
UNTIMED = settings(deadline=None)  # the first User-Agent loads tables
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | HOSTILE
KEYS = st.sampled_from(INNER) | st.text(st.characters(), max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)
EVENTS = st.dictionaries(st.sampled_from(TOP) | KEYS, JSON, max_size=8)
FRAMES = st.lists(st.dictionaries(KEYS, JSON, max_size=6) | SCALARS, max_size=5)
STACKS = FRAMES.map(lambda frames: {"frames": frames})
CHAINS = st.lists(
    st.fixed_dictionaries({}, optional={"type": JSON, "value": JSON, "stacktrace": STACKS, "mechanism": JSON}),
    max_size=3,
)
ERRORS = st.fixed_dictionaries(
    {"exception": CHAINS},
    optional={
        "threads": JSON,
        "request": st.dictionaries(KEYS, JSON),
        "user": st.dictionaries(KEYS, JSON),
        "contexts": st.dictionaries(KEYS, st.dictionaries(KEYS, JSON)),
        "breadcrumbs": st.lists(st.dictionaries(KEYS, JSON)),
        "platform": SCALARS,
        "level": SCALARS,
        "timestamp": SCALARS,
    },
)
Normalise = Callable[[object, Arrival], Event]


def holds(event: Event, arrival: Arrival = ARRIVAL) -> None:
    """What is true of every event the normaliser answers."""
    written = msgspec.json.encode(event)
    assert b"\\u0000" not in written
    assert len(event.id) == 32
    assert event.level in {"debug", "info", "warning", "error", "fatal"}
    assert isinstance(event.message + event.user, str)
    data = json.loads(event.body.encoded)
    again = normalise_event(copy.deepcopy(data), arrival)
    assert json.loads(again.body.encoded) == data


@UNTIMED
@given(JSON | EVENTS | ERRORS)
def test_any_json_value_becomes_an_event_in_normal_form(raw: Any) -> None:
    holds(normalise_event(raw, ARRIVAL))


@UNTIMED
@pytest.mark.parametrize("normalise", [normalise_security, normalise_feedback])
@given(raw=JSON | EVENTS)
def test_any_json_value_becomes_a_report(normalise: Normalise, raw: Any) -> None:
    holds(normalise(raw, ARRIVAL))


@UNTIMED
@given(EVENTS)
def test_the_same_event_gives_the_same_normal_form(raw: Any) -> None:
    first, second = (normalise_event(copy.deepcopy(raw), ARRIVAL) for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


def items(envelope: bytes) -> Iterator[tuple[str, bytes]]:
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        length = header.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        yield header["type"], rest[:length]
        rest = rest[length:].removeprefix(b"\n")


def test_events_of_real_sdks_pass_without_an_error(shared: Path) -> None:
    seen = set()
    for file in sorted(shared.glob("*.envelope")):
        for kind, payload in items(file.read_bytes()):
            if kind in ("event", "transaction", "feedback"):
                arrival = msgspec.structs.replace(ARRIVAL, received_at=1_795_376_000.0, item_type=kind)
                event = normalise_event(read_json(payload), arrival)
                seen.add((file.name.split("_")[0], kind))
                assert event.data.get("errors") is None, file.name
                holds(event, arrival)
    assert seen == {(sdk, kind) for sdk in ("node", "python") for kind in ("event", "transaction")} | {
        ("node", "feedback")
    }


def test_what_a_real_sdk_sends_is_still_there_afterwards(shared: Path) -> None:
    (payload,) = (body for kind, body in items((shared / "python_2_75_01.envelope").read_bytes()) if kind == "event")
    given, event = json.loads(payload), normalise_event(read_json(payload), ARRIVAL)
    assert event.data["exception"] == given["exception"]
    assert event.data["modules"] == given["modules"]
    assert event.data["extra"] == given["extra"]
    assert {name: event.data["contexts"]["trace"][name] for name in given["contexts"]["trace"]} == given["contexts"][
        "trace"
    ]
    crumbs = event.data["breadcrumbs"]["values"]
    assert [crumb["message"] for crumb in crumbs] == [crumb["message"] for crumb in given["breadcrumbs"]["values"]]
    assert (event.data["release"], event.data["environment"]) == (given["release"], given["environment"])
    assert event.user == "id:1"
    assert event.data["user"]["ip_address"] == "203.0.113.9"
