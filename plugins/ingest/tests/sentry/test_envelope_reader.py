import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amber.errors import Reject
from amber_ingest.sentry.envelope import MAX_ITEMS, Envelope, EnvelopeItem, read_envelope

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), texts, st.lists(texts, max_size=3))
headers = st.dictionaries(texts, values, max_size=4)
item_headers = st.builds(
    lambda more, name: {**{key: more[key] for key in more if key != "length"}, "type": name}, headers, texts
)


@st.composite
def envelopes(draw):
    """An envelope and its bytes: items with a length hold any bytes, those without hold no newline."""
    head = draw(headers)
    data, items = json.dumps(head, ensure_ascii=draw(st.booleans())).encode(), []
    for _ in range(draw(st.integers(0, 5))):
        fields, payload = draw(item_headers), draw(st.binary(max_size=60))
        if draw(st.booleans()):
            fields = {**fields, "length": len(payload)}
        else:
            payload = payload.replace(b"\n", b"")
        data += b"\n" + json.dumps(fields).encode() + b"\n" + payload
        items.append(EnvelopeItem(fields, payload))
    return Envelope(head, tuple(items)), data + draw(st.sampled_from([b"", b"\n"]))


@given(envelopes())
def test_a_written_envelope_is_read_back(written):
    envelope, data = written
    assert read_envelope(data) == envelope


def is_read_or_refused(data: bytes) -> bool:
    try:
        return isinstance(read_envelope(data), Envelope)
    except Reject as refused:
        return refused.status == 400 and bool(refused.detail)


@given(st.binary(max_size=400))
@example(b"{}\n" + b"[" * 100_000)
@example(b"[" * 100_000)
@example(b'{"a":' * 20_000)
@example(b"\xff\xfe\n")
@example(b"\0\n\0")
@example(b'{"a":"\xff"}\n{"type":"event"}\n{}')
@example(b'{}\n{"type":"event","length":1e400}\n{}')
@example(b'{}\n{"type":"event","length":99999999999999999999999}\n{}')
def test_any_bytes_are_an_envelope_or_refused(data):
    assert is_read_or_refused(data)


@given(envelopes(), st.data())
def test_a_damaged_envelope_is_read_or_refused(written, data):
    body = bytearray(written[1])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=4))
    assert is_read_or_refused(bytes(body))


@pytest.mark.parametrize("body", [b"{}", b"{}\n", b"{}\n\n", b'{"event_id":null}\n'])
def test_a_header_alone_is_an_envelope(body):
    assert read_envelope(body).items == ()


@pytest.mark.parametrize(
    ("body", "payloads"),
    [
        (b'{}\n{"type":"a"}', [b""]),
        (b'{}\n{"type":"a"}\n', [b""]),
        (b'{}\n{"type":"a","length":0}\n\n{"type":"b","length":0}\n\n', [b"", b""]),
        (b'{}\n{"type":"a","length":null}\nxy\n', [b"xy"]),
        (b'{}\n{"type":"a","length":3}\nx\r\n\n', [b"x\r\n"]),
        (b'{}\n{"type":"a"}\nx\r\n', [b"x\r"]),
        (b'{}\n{"type":"a","length":4}\na\nb\n\n{"type":"b"}\nc\n\n\n', [b"a\nb\n", b"c"]),
        (b'{\n "sdk": {\n}}\n{"type":\n"a"}\nx', [b"x"]),
        (b'{}\r\n{"type":"a"}\r\nx', [b"x"]),
    ],
)
def test_payloads_end_where_the_protocol_says(body, payloads):
    assert [item.payload for item in read_envelope(body).items] == payloads


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty request body"),
        (b"\n", "invalid envelope header"),
        (b"garbage", "invalid envelope header"),
        (b"[]", "no JSON object"),
        (b"{}x\n", "missing newline"),
        (b'{}\n{"type":"a","length":5}\nabc', "unexpected end of file"),
        (b'{}\n{"type":"a","length":4}\nabc', "unexpected end of file"),
        (b'{}\n{"type":"a","length":5}', "unexpected end of file"),
        (b'{}\n{"type":"a","length":2}\nabc\n', "missing newline"),
        (b'{}\n{"type":"a","length":-1}\nabc\n', "length is no number"),
        (b'{}\n{"type":"a","length":"3"}\nabc\n', "length is no number"),
        (b'{}\n{"type":"a","length":true}\nabc\n', "length is no number"),
        (b'{}\n{"length":3}\nabc\n', "type is missing"),
        (b'{}\n{"type":7}\nabc\n', "type is missing"),
        (b'{}\n{"type":"a"}\nabc\n{"type"', "header of item 2"),
        (b'{}\n\n{"type":"a"}\nabc\n', "header of item 1"),
        (b'{"a":' + b"[" * 10_000, "invalid envelope header"),
    ],
)
def test_a_broken_envelope_is_refused_as_a_whole(body, reason):
    with pytest.raises(Reject, match=reason) as refused:
        read_envelope(body)
    assert refused.value.status == 400


def test_more_than_500_items_are_refused():
    item = b'{"type":"x"}\n\n'
    assert len(read_envelope(b"{}\n" + item * MAX_ITEMS).items) == 500
    with pytest.raises(Reject, match="more than 500 items"):
        read_envelope(b"{}\n" + item * (MAX_ITEMS + 1))
