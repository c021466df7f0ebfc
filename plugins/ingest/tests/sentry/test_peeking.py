import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.errors import Reject
from amber.model import Reading
from amber_ingest.sentry.peeking import LARGEST, SMALLEST, peek

EVENT_ID = "fc6d8c0c43fc4630ad850ee518f1b9d0"
LIMIT = 100 << 20
TYPES = ("event", "transaction", "feedback", "attachment", "session", "log", "hologram", "raw_security")


def noise(size: int, seed: int = 7) -> str:
    """Text that gzip cannot make much of."""
    return random.Random(seed).randbytes(size).hex()


def packed(client, body: bytes):
    return client.request(gzip.compress(body), headers={**client.auth, "content-encoding": "gzip"})


def wrap(head: dict, item: dict, payload: bytes, end: bytes = b"\n") -> bytes:
    return b"\n".join((json.dumps(head).encode(), json.dumps(item).encode(), payload)) + end


def large(**fields) -> bytes:
    return json.dumps({"message": noise(4000), **fields}).encode()


def single(payload: bytes, **item) -> bytes:
    return wrap({"event_id": EVENT_ID}, {"type": "event", "length": len(payload), **item}, payload)


@st.composite
def envelopes(draw) -> bytes:
    """Envelopes around the border of what can be told from the first bytes."""
    head = draw(st.sampled_from([{}, {"event_id": EVENT_ID}, {"event_id": None}, {"event_id": "x"}, {"a": "b" * 900}]))
    lines = [json.dumps(head, indent=draw(st.sampled_from([None, 1]))).encode()]
    for kind in draw(st.lists(st.sampled_from(TYPES), max_size=3)):
        payload = json.dumps({"event_id": "a" * 32, "message": noise(draw(st.integers(0, 5000)))}).encode()
        item = {"type": kind, "item_count": 3, "content_type": "application/vnd.sentry.items.log+json"}
        if draw(st.booleans()):
            item["length"] = len(payload) + draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
        lines += [json.dumps(item).encode(), payload]
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n", b"\n\n"]))


def without_mark(reading: Reading) -> tuple:
    meta = {name: value for name, value in reading.meta.items() if name not in ("is_single", "event_id")}
    return reading.items, meta, bool(reading.event_id), reading.meta["event_id"] == reading.event_id


def read(client, request) -> Reading | tuple[int, str]:
    """What is in a request, or why it was refused."""
    try:
        return client.read(request)
    except Reject as refused:
        return refused.status, refused.detail


def is_counted(client, request, reading: Reading) -> bool:
    """Whether each item of what was taken has an end."""
    decoded = client.deliver_as(request, reading, 42)
    return len(decoded.events) + len(decoded.items) + len(decoded.outcomes) == len(reading.items)


@settings(max_examples=300)
@given(body=envelopes())
def test_what_is_told_from_the_first_bytes_is_what_the_whole_says(client, body):
    request = packed(client, body)
    expected, found = read(client, client.request(body)), read(client, request)
    if isinstance(found, Reading) and isinstance(expected, Reading):
        assert without_mark(found) == without_mark(expected)
        assert found.event_id == expected.event_id or "is_single" not in found.meta
    elif isinstance(found, Reading):  # what is wrong with it stands at its end
        assert found.meta["is_single"] is True
        assert [one.outcome for one in client.deliver_as(request, found, 42).outcomes] == ["invalid"]
    else:
        assert found == expected


@given(at=st.integers(0, 20_000), bit=st.integers(0, 7), cut=st.integers(0, 60))
def test_a_broken_body_is_refused_or_ends_as_what_it_was_taken_for(client, at, bit, cut):
    body = bytearray(gzip.compress(single(large(event_id="a" * 32))))
    body[at % len(body)] ^= 1 << bit
    request = client.request(bytes(body[: len(body) - cut]), headers={**client.auth, "content-encoding": "gzip"})
    reading = read(client, request)
    assert not isinstance(reading, Reading) or is_counted(client, request, reading)


def test_a_large_event_of_its_own_is_told_from_its_first_bytes(client):
    reading = client.read(packed(client, single(large())))
    assert reading.meta["is_single"] is True
    assert reading.event_id == EVENT_ID
    assert [event.id for event in client.deliver(packed(client, single(large()))).events] == [EVENT_ID]


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(single(b"{}")),
        gzip.compress(single(large(more=noise(LARGEST)))),
        gzip.compress(single(large(), length=None)),
        gzip.compress(single(large(), length=True)),
        gzip.compress(single(large(), type=7)),
        gzip.compress(single(large()) + b"\n"),
        gzip.compress(wrap({}, {"type": "event", "length": len(large())}, large())),
        gzip.compress(wrap({"event_id": EVENT_ID, "trace": "x" * 2000}, {"type": "event"}, large())),
        gzip.compress(single(large()))[:-1],
        b"no gzip" * SMALLEST,
    ],
    ids=["small", "huge", "unsized", "odd size", "odd type", "two ends", "no id", "long header", "cut off", "no gzip"],
)
def test_what_the_first_bytes_cannot_tell_is_read_whole(body):
    assert peek(body, LIMIT) is None


def test_a_body_that_says_it_is_too_large_is_read_whole():
    assert peek(gzip.compress(single(large())), 100) is None


@pytest.mark.parametrize("payload", [b'{"message": "half' + noise(4000).encode(), b"[" + large() + b"]"])
def test_an_event_that_is_none_is_counted_as_invalid(client, payload):
    request = packed(client, single(payload))
    [outcome] = client.deliver(request).outcomes
    assert (outcome.outcome, outcome.category, outcome.quantity) == ("invalid", "error", 1)


def test_a_body_whose_checksum_is_wrong_counts_as_the_item_it_announced(client):
    body = bytearray(
        gzip.compress(single(large(), type="log", item_count=3, content_type="application/vnd.sentry.items.log+json"))
    )
    body[-8] ^= 1
    request = client.request(bytes(body), headers={**client.auth, "content-encoding": "gzip"})
    submission = client.submission(request)
    submission.meta.update(categories=["log_item"], quantities=[3])
    [outcome] = client.protocol.decode(submission).outcomes
    assert (outcome.outcome, outcome.category, outcome.quantity) == ("invalid", "log_item", 3)
    assert "gzip" in outcome.reason


def test_what_stands_where_the_line_should_end_is_counted_as_invalid(client):
    payload = large()
    request = packed(client, single(payload + b"x", length=len(payload)).removesuffix(b"\n"))
    [outcome] = client.deliver(request).outcomes
    assert (outcome.outcome, outcome.reason) == ("invalid", "missing newline after the payload of item 1")


def test_a_second_member_smuggles_nothing_in(client):
    first = single(large())
    filler = b'{"type":"session"}\n' + b" " * (len(first) - 20) + b"\n"
    body = gzip.compress(first) + gzip.compress(filler[: len(first)])
    request = client.request(body, headers={**client.auth, "content-encoding": "gzip"})
    assert client.read(request).meta["is_single"] is True
    decoded = client.deliver(request)
    assert (decoded.events, decoded.items) == ((), ())
    assert [one.outcome for one in decoded.outcomes] == ["invalid"]
