import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import Reject
from amber.model import Decoded, OutcomeCount, Submission
from amber_ingest.sentry.payloads import write_object


def test_what_becomes_an_event_does_and_the_rest_stays_an_item(client):
    body = client.envelope(
        ({"type": "event"}, b'{"message":"a"}'),
        ({"type": "session"}, b"{}"),
        ({"type": "attachment", "filename": "x.txt"}, b"bytes"),
        ({"type": "user_report"}, b'{"comments":"it broke","name":"Kim"}'),
        event_id=client.event_id,
    )
    decoded = client.deliver(client.request(body))
    event, report = decoded.events
    assert (event.id, event.type, event.project) == (client.event_id, "default", 42)
    assert report.type == "feedback"
    assert report.id != event.id
    assert report.data["contexts"]["feedback"]["associated_event_id"] == client.event_id
    assert [(item.id, item.type, item.category, item.event_id) for item in decoded.items] == [
        ("s1:1", "session", "session", client.event_id),
        ("s1:2", "attachment", "attachment", client.event_id),
    ]
    assert decoded.items[1].headers["filename"] == "x.txt"


def test_feedback_is_an_event_of_its_own_type(client):
    payload = json.dumps({"type": "feedback", "contexts": {"feedback": {"message": "nice"}}}).encode()
    (event,) = client.deliver(client.request(client.envelope(({"type": "feedback"}, payload)))).events
    assert (event.type, event.category) == ("feedback", "feedback")


def test_items_refused_at_the_edge_are_left_out(client):
    gone = OutcomeCount(42, "error", "filtered", "rule")
    body = client.envelope(({"type": "event"}, b"{}"), ({"type": "session"}, b"{}"), event_id=client.event_id)
    decoded = client.deliver(client.request(body), {0: gone})
    assert (decoded.events, [item.id for item in decoded.items]) == ((), ["s1:1"])


def test_the_envelope_says_what_the_event_leaves_out(client):
    sdk = {"name": "sentry.test", "version": "9"}

    def sdk_of(payload: bytes, **headers):
        body = client.envelope(({"type": "event"}, payload), **headers)
        return client.deliver(client.request(body)).events[0].data["sdk"]["name"]

    assert sdk_of(b"{}", sdk=sdk) == "sentry.test"
    assert sdk_of(b'{"sdk":{"name":"own"}}', sdk=sdk) == "own"
    assert sdk_of(b"{}", sdk="rubbish") == "sentry.python"


def test_a_clock_that_is_hours_off_is_set_right_by_sent_at(client):
    payload = json.dumps({"timestamp": client.now - 7200}).encode()

    def moment(**headers) -> float:
        body = client.envelope(({"type": "event"}, payload), **headers)
        return client.deliver(client.request(body)).events[0].timestamp

    assert moment(sent_at="2026-11-22T17:32:17Z") == client.now
    for unreadable in (None, "yesterday", 17, "2026-11-22T99:99:99Z"):
        assert moment(sent_at=unreadable) == client.now - 7200


def test_the_address_of_the_client_serves_events_that_ask_for_it(client):
    body = client.envelope(({"type": "event"}, b'{"user":{"ip_address":"{{auto}}"}}'))
    assert client.deliver(client.request(body)).events[0].data["user"]["ip_address"] == "203.0.113.7"


def test_an_event_that_breaks_on_the_way_is_an_outcome(client):
    submission = Submission("s", "sentry", "envelope", 42, client.now, body=b'{}\n{"type":"event"}\n{broken\n')
    decoded = client.protocol.decode(submission)
    assert (decoded.events, decoded.items) == ((), ())
    (outcome,) = decoded.outcomes
    assert (outcome.category, outcome.outcome, outcome.hour) == ("error", "invalid", int(client.now // 3600))
    assert "JSON" in outcome.reason


def test_a_body_that_breaks_on_the_way_is_an_outcome(client):
    for encoding, body in (("gzip", b"no gzip"), ("", b"no envelope"), ("", b"")):
        submission = Submission("s", "sentry", "envelope", 42, client.now, encoding, body=body)
        (outcome,) = client.protocol.decode(submission).outcomes
        assert (outcome.category, outcome.outcome) == ("default", "invalid")


FORMS = ["envelope", "store", "security", "minidump", "attachments"]


@given(st.sampled_from(FORMS), st.binary(max_size=200), st.sampled_from(["", "gzip", "deflate", "br", "zstd"]))
def test_no_submission_makes_decoding_fail(client, form, body, encoding):
    meta = {"form": form, "mime": "multipart/form-data; boundary=x"}
    submission = Submission("s", "sentry", form, 42, client.now, encoding, meta, body=body)
    assert isinstance(client.protocol.decode(submission), Decoded)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
TYPES = ["event", "feedback", "security", "raw_security", "user_report", "client_report", "attachment", "else"]


@given(st.sampled_from(TYPES), json_values, st.dictionaries(st.sampled_from(["sdk", "sent_at", "trace"]), json_values))
def test_any_json_is_accounted_for(client, kind, value, headers):
    payload = json.dumps(value).encode()
    body = b"\n".join([json.dumps(headers).encode(), json.dumps({"type": kind}).encode(), payload])
    submission = Submission("s", "sentry", "envelope", 42, client.now, body=body)
    decoded = client.protocol.decode(submission)
    assert len(decoded.events) + len(decoded.items) + len(decoded.outcomes) == 1
    assert decoded == client.protocol.decode(submission)


def test_an_object_without_end_cannot_be_written():
    value: dict = {}
    for _ in range(100_000):
        value = {"a": value}
    with pytest.raises(Reject, match="JSON"):
        write_object(value, "event")
    while value:
        value = value.pop("a")  # freed step by step, because freeing it at once is as deep
