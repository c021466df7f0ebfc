import base64
import json
import zlib

import pytest

from amber.errors import Reject

EVENT = {"event_id": "b" * 32, "message": "old but loved", "platform": "python"}
JSON = json.dumps(EVENT).encode()
PACKED = base64.b64encode(zlib.compress(JSON))


@pytest.mark.parametrize("body", [JSON, b" \n" + JSON, base64.b64encode(JSON), PACKED, PACKED + b"\n"])
def test_each_way_to_write_an_event_is_read(client, body):
    request = client.request(body, "store")
    assert json.loads(client.answer(request).body) == {"id": "b" * 32}
    (event,) = client.deliver(request).events
    assert (event.id, event.message) == ("b" * 32, "old but loved")
    assert event.data["sdk"] == {"name": "sentry.python", "version": "2.75.0"}


def test_encodings_hold_for_store_too(client):
    headers = {**client.auth, "content-encoding": "deflate"}
    assert client.deliver(client.request(zlib.compress(JSON), "store", headers)).events[0].id == "b" * 32


def test_tokens_that_python_writes_for_numbers_are_read(client):
    (event,) = client.deliver(client.request(b'{"extra": {"rate": NaN, "cap": -Infinity}}', "store")).events
    assert event.data["extra"] == {"rate": None, "cap": None}


def test_an_envelope_may_come_to_store(client):
    headers = {**client.auth, "content-type": "application/x-sentry-envelope; charset=utf-8"}
    request = client.request(client.event(), "store", headers)
    assert client.deliver(request).events[0].id == client.event_id


def test_an_image_may_carry_an_event_in_its_address(client):
    packed = PACKED.decode().replace("+", " ")
    query = {"sentry_key": client.key, "sentry_data": packed}
    request = client.request(b"", "store", {}, method="GET", query=query)
    reply = client.answer(request)
    assert (reply.status, reply.content_type, reply.body[:6]) == (200, "image/gif", b"GIF89a")
    assert client.deliver(request).events[0].id == "b" * 32


def test_a_transaction_is_told_from_an_error(client):
    request = client.request(b'{"type": "transaction", "event_id": "%s"}' % (b"c" * 32), "store_keyed", path={})
    assert client.read(request).items[0].category == "transaction"
    (item,) = client.deliver(request).items
    assert (item.type, item.event_id) == ("transaction", "c" * 32)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not base64!", 400),
        (base64.b64encode(b"not zlib"), 400),
        (b"{broken", 400),
        (b"[1]", 400),
        (base64.b64encode(zlib.compress(b"[1]")), 400),
        (base64.b64encode(zlib.compress(b" " * 2_000_000)), 413),
        (b'{"message": "%s"}' % (b"x" * 1_100_000), 413),
    ],
)
def test_what_holds_no_event_is_refused(client, body, status):
    with pytest.raises(Reject) as refused:
        client.read(client.request(body, "store"))
    assert refused.value.status == status
