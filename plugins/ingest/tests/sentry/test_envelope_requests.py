import gzip
import json

import pytest

from amber.errors import Reject
from amber.model import ItemNote, Limited
from amber_ingest.sentry.kinds import KINDS

MIB = 1024 * 1024


def refusal(client, body: bytes, **more) -> Reject:
    with pytest.raises(Reject) as refused:
        client.read(client.request(body, **more))
    return refused.value


def test_an_event_is_noted_and_its_id_answered(client):
    request = client.request(client.event())
    reading = client.read(request)
    assert reading.items == (ItemNote("event", "error", 23),)
    assert reading.body is None
    reply = client.protocol.reply(request, reading)
    assert (reply.status, json.loads(reply.body)) == (200, {"id": client.event_id})
    assert reply.content_type == "application/json"


def test_the_bytes_that_came_are_kept_with_their_encoding(client):
    headers = {**client.auth, "content-encoding": "gzip"}
    reading = client.read(client.request(gzip.compress(client.event()), headers=headers))
    assert (reading.encoding, reading.body, reading.event_id) == ("gzip", None, client.event_id)


def test_envelopes_that_make_no_event_are_answered_without_an_id(client):
    body = client.envelope(({"type": "session"}, b"{}"), event_id=client.event_id)
    assert client.answer(client.request(body)).body == b"{}"


@pytest.mark.parametrize("stated", ["FC6D8C0C-43FC-4630-AD85-0EE518F1B9D0", "fc6d8c0c43fc4630ad850ee518f1b9d0"])
def test_ids_have_one_form(client, stated):
    body = client.envelope(({"type": "event"}, b"{}"), event_id=stated)
    assert client.read(client.request(body)).event_id == client.event_id


def test_the_envelopes_id_goes_before_the_events(client):
    inner = json.dumps({"event_id": "a" * 32}).encode()
    with_both = client.envelope(({"type": "event"}, inner), event_id=client.event_id)
    with_inner = client.envelope(({"type": "event"}, inner), event_id=None)
    assert client.read(client.request(with_both)).event_id == client.event_id
    assert client.deliver(client.request(with_both)).events[0].id == client.event_id
    assert client.read(client.request(with_inner)).event_id == "a" * 32
    assert client.deliver(client.request(with_inner)).events[0].id == "a" * 32


def test_an_event_without_an_id_gets_one_that_stays(client):
    request = client.request(client.envelope(({"type": "event"}, b"{}")))
    submission = client.submission(request)
    first, again = client.protocol.decode(submission), client.protocol.decode(submission)
    assert first.events[0].id == again.events[0].id == submission.meta["event_id"]
    assert client.read(request).event_id != client.read(request).event_id


def test_an_id_that_is_none_is_refused(client):
    assert "event_id" in refusal(client, b'{"event_id":"12"}').detail


@pytest.mark.parametrize("item_type", ["event", "transaction", "feedback", "security"])
@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"", "JSON"),
        (b'{"message": ', "JSON"),
        (b"[]", "no JSON object"),
        (b'"text"', "no JSON object"),
        (b"null", "no JSON object"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too deep"),
    ],
)
def test_a_payload_that_is_no_json_object_is_refused(client, item_type, payload, cause):
    refused = refusal(client, client.envelope(({"type": item_type}, payload)))
    assert refused.status == 400
    assert item_type in refused.detail
    assert cause in f"{refused.detail} {refused.causes}"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"extra": {"rate": NaN, "most": Infinity, "least": -Infinity}}',
        b'{"message": "\xff\xfe"}',
        b'{"message": "\\ud800"}',
        b'{"message": "a\\u0000b"}',
        b'\xef\xbb\xbf{"message": "marked"}',
        b'{"extra": {"large": 1e999, "long": 123456789012345678901234567890}}',
    ],
)
def test_a_slightly_broken_event_is_kept(client, payload):
    decoded = client.deliver(client.request(client.envelope(({"type": "event"}, payload), event_id=client.event_id)))
    assert [event.id for event in decoded.events] == [client.event_id]


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_each_type_has_its_limits(client, name, kind, monkeypatch):
    if kind.max_count:
        many = [({"type": name}, b"{}")] * (kind.max_count + 1)
        assert len(client.read(client.request(client.envelope(*many[1:]))).items) == kind.max_count
        refused = refusal(client, client.envelope(*many))
        assert refused.status == 413
        assert f"'{name}'" in refused.detail
    monkeypatch.setitem(KINDS, name, type(kind)(kind.category, 40, None))
    client.read(client.request(client.envelope(({"type": name}, b'{"a":"%s"}' % (b"x" * 32)))))
    refused = refusal(client, client.envelope(({"type": name}, b'{"a":"%s"}' % (b"x" * 33))))
    assert (refused.status, refused.detail) == (413, f"envelope exceeded size limits for type '{name}': 41 of 40 bytes")


def test_an_event_may_have_one_mebibyte(client):
    def event(size: int) -> bytes:
        return client.envelope(({"type": "event"}, b'{"message":"%s"}' % (b"x" * (size - 14))))

    assert client.read(client.request(event(MIB))).items[0].size == MIB
    assert "'event'" in refusal(client, event(MIB + 1)).detail


def test_two_kinds_of_event_share_one_place(client):
    body = client.envelope(({"type": "event"}, b"{}"), ({"type": "transaction"}, b"{}"))
    refused = refusal(client, body)
    assert refused.status == 413
    assert "'transaction'" in refused.detail


def test_unknown_types_are_kept(client):
    body = client.envelope(
        ({"type": "from_the_future"}, b"\0\1"),
        ({"type": "attachment", "attachment_type": "of.the.future", "item_count": 9}, b"xyz"),
    )
    reading = client.read(client.request(body))
    assert reading.items == (ItemNote("from_the_future", "default", 2), ItemNote("attachment", "attachment", 3))
    assert client.protocol.reply(client.request(body), reading).status == 200


@pytest.mark.parametrize(
    ("count", "quantity"), [(3, 3), (1, 1), (0, 1), (-3, 1), ("3", 1), (True, 1), (None, 1), (10**9, 1)]
)
def test_a_container_counts_for_what_is_in_it(client, count, quantity):
    head = {"type": "log", "item_count": count, "content_type": "application/vnd.sentry.items.log+json"}
    body = client.envelope((head, b'{"version":2,"items":[{},{},{}]}'))
    assert client.read(client.request(body)).items[0].quantity == quantity


@pytest.mark.parametrize(
    ("head", "category"),
    [
        ({"type": "log"}, "log_item"),
        ({"type": "check_in"}, "monitor"),
        ({"type": "user_report"}, "feedback"),
        ({"type": "client_report"}, "internal"),
        ({"type": "profile_chunk", "platform": "cocoa"}, "profile_chunk_ui"),
        ({"type": "profile_chunk", "platform": "python"}, "profile_chunk"),
        ({"type": "statsd"}, "default"),
    ],
)
def test_items_are_counted_in_their_category(client, head, category):
    assert client.read(client.request(client.envelope((head, b"{}")))).items[0].category == category


def test_a_body_that_grows_too_large_is_refused(small_client):
    headers = {**small_client.auth, "content-encoding": "gzip"}
    refused = refusal(small_client, gzip.compress(b"{}\n" + b"\0" * 3 * MIB), headers=headers)
    assert refused.status == 413


def test_an_empty_body_is_refused(client):
    assert (refusal(client, b"").status, refusal(client, b"").detail) == (400, "empty request body")


def test_a_refusal_names_what_was_wrong_and_why(client):
    request = client.request(b"")
    reply = client.protocol.refuse(request, 400, "invalid JSON in event — really\n", ("line 1", "ü"))
    assert reply.status == 400
    assert json.loads(reply.body) == {"detail": "invalid JSON in event — really\n", "causes": ["line 1", "ü"]}
    assert dict(reply.headers)["x-sentry-error"] == "invalid JSON in event ? really?"


def test_limits_are_told_in_the_words_of_the_sdks(client):
    limits = [Limited(("error", "transaction"), 59.2, "key", "key_limit"), Limited((), 4000, "project", "over: a, b")]
    assert client.protocol.limited(limits) == (
        ("x-sentry-rate-limits", "60:error;transaction:key:key_limit, 300::project:over__a__b"),
    )


def test_browsers_of_any_origin_may_send_and_read_the_limits(client):
    cors = dict(client.protocol.cors)
    assert cors["access-control-allow-origin"] == "*"
    assert "x-sentry-auth" in cors["access-control-allow-headers"]
    assert cors["access-control-expose-headers"] == "x-sentry-error, x-sentry-rate-limits, retry-after"
    assert cors["cross-origin-resource-policy"] == "cross-origin"
