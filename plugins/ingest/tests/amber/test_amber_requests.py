import gzip
import json

import pytest

from amber.errors import Reject


def refusal(client, request) -> Reject:
    with pytest.raises(Reject) as refused:
        client.protocol.read(request, 42)
    return refused.value


@pytest.mark.parametrize("key", ["abcdef01-2345-6789-abcd-ef0123456789", "ABCDEF0123456789ABCDEF0123456789"])
def test_the_key_is_in_its_header_and_the_project_in_the_body(client, event, key):
    shown = client.protocol.credential(client.request(event, x_ember_key=key))
    assert (shown.key, shown.project) == ("abcdef0123456789abcdef0123456789", "42")


@pytest.mark.parametrize("key", ["", "  ", "short", "g" * 32])
def test_a_request_without_a_good_key_is_refused(client, event, key):
    with pytest.raises(Reject, match="x-ember-key") as refused:
        client.protocol.credential(client.request(event, x_ember_key=key, authorization=f"Bearer {client.key}"))
    assert refused.value.status == 401


@pytest.mark.parametrize(("status", "heard"), [(403, 401), (401, 401), (413, 413), (503, 503)])
def test_a_client_whose_key_is_wrong_hears_401(client, event, status, heard):
    assert client.protocol.refuse(client.request(event), status, "no", ()).status == heard


@pytest.mark.parametrize("body", [b"", b"{", {"project_id": 42}, {}])
def test_a_body_that_names_no_project_is_judged_after_the_key(client, body):
    assert client.protocol.credential(client.request(body)).project == ""
    assert client.protocol.credential(client.request(body, content_encoding="gzip")).project == ""


def test_a_slightly_broken_body_still_names_its_project(client, event):
    body = json.dumps({**event, "extra": float("nan")}).encode()
    assert client.protocol.credential(client.request(body)).project == "42"
    assert len(client.deliver(client.request(body)).events) == 1


def test_an_event_is_accepted_in_one_word(client, event):
    request = client.request(event)
    reading = client.protocol.read(request, 42)
    assert [(note.type, note.category) for note in reading.items] == [("amber.event", "error")]
    assert reading.event_id == "0f8fad5bd9cb469fa16570867728950e"
    reply = client.protocol.reply(request, reading)
    assert (reply.status, reply.body) == (200, b"accepted")
    assert reply.content_type.startswith("text/plain")


def test_the_body_may_be_compressed(client, event):
    request = client.request(gzip.compress(json.dumps(event).encode()), content_encoding="gzip")
    assert client.protocol.credential(request).project == "42"
    assert client.protocol.read(request, 42).encoding == "gzip"
    assert len(client.deliver(request).events) == 1


def test_a_body_that_grows_too_large_is_refused(client):
    request = client.request(gzip.compress(b" " * 2_000_000), content_encoding="gzip")
    assert refusal(client, request).status == 413


def test_the_header_and_the_body_name_one_project(client, event):
    client.protocol.read(client.request(event, x_ember_project="42"), 42)
    refused = refusal(client, client.request(event, x_ember_project="43"))
    assert (refused.status, "x-ember-project" in refused.detail) == (400, True)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":' * 10_000 + b"1" + b"}" * 10_000])
def test_what_is_no_json_object_is_refused(client, body):
    assert refusal(client, client.request(body)).status == 400


@pytest.mark.parametrize("version", ["v1", "", "  ", None])
def test_the_first_version_is_the_one_meant_by_silence(client, event, version):
    client.protocol.read(client.request({**event, "schema_version": version}), 42)


def test_an_unknown_version_is_refused_with_the_known_ones(client, event):
    refused = refusal(client, client.request({**event, "schema_version": "v9"}))
    assert refused.status == 400
    assert refused.detail == "schema_version: unknown version 'v9'; known are v1"


def test_a_version_that_is_no_text_is_a_wrong_field(client, event):
    assert refusal(client, client.request({**event, "schema_version": 1})).status == 422


def test_each_wrong_field_is_named(client, event):
    event["exception"] = {"type": 7, "stacktrace": [{"function": "f", "filename": "a", "line": "3"}]}
    event["context"] = {"tags": {"a": 1}, "user": {"id": 5}, "env": "live"}
    event["level"] = "loud"
    del event["timestamp"]
    refused = refusal(client, client.request(event))
    assert refused.status == 422
    assert set(refused.causes) == {
        "timestamp: is required",
        "level: Invalid enum value 'loud'",
        "exception.type: Expected `str`, got `int`",
        "exception.message: is required",
        "exception.stacktrace[0].line: Expected `int`, got `str`",
        "context.user.id: Expected `str | null`, got `int`",
        "context.tags[...]: Expected `str`, got `int`",
    }
    assert refused.detail in refused.causes
    reply = client.protocol.refuse(client.request(event), 422, refused.detail, refused.causes)
    assert json.loads(reply.body) == {"detail": refused.detail, "causes": list(refused.causes)}


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("exception", None, "exception: Expected `object`, got `null`"),
        ("exception", [], "exception: Expected `object`, got `array`"),
        ("context", "x", "context: Expected `object | null`, got `str`"),
        ("event_id", " ", "event_id: must not be empty"),
        ("project_id", "", "project_id: must not be empty"),
        ("event_id", 5, "event_id: Expected `str`, got `int`"),
        ("sdk", {"name": []}, "sdk.name: Expected `str | null`, got `array`"),
    ],
)
def test_a_wrong_field_says_what_was_expected(client, event, field, value, fault):
    assert refusal(client, client.request({**event, field: value})).detail == fault


def test_many_faults_are_cut_short(client, event):
    event["exception"]["stacktrace"] = [{}] * 1000
    assert len(refusal(client, client.request(event)).causes) == 50


def test_fields_that_may_be_empty_may_be_null_or_missing(client, event):
    for name in ("message", "context", "sdk"):
        client.protocol.read(client.request({**event, name: None}), 42)
        client.protocol.read(client.request({key: value for key, value in event.items() if key != name}), 42)


def test_fields_nobody_knows_are_let_through(client, event):
    event["modules"] = {"a": 1}
    event["exception"]["chain"] = []
    client.protocol.read(client.request(event), 42)


HEAD = {"event_id": "a1", "project_id": "42", "timestamp": "2026-11-22T19:31:15Z"}
SIGNALS = {
    "transaction": {**HEAD, "trace_id": "t", "span_id": "s", "name": "GET /", "duration_ms": 12},
    "profile": {**HEAD, "trace_id": "t", "profile": {"frames": []}},
    "replay": {**HEAD, "session_id": "s", "payload": []},
}


@pytest.mark.parametrize("route", SIGNALS)
def test_other_signals_are_read_by_their_own_schema(client, route):
    (note,) = client.protocol.read(client.request(SIGNALS[route], route), 42).items
    assert (note.type, note.category) == (f"amber.{route}", route)
    for field in SIGNALS[route]:
        lacking = {name: value for name, value in SIGNALS[route].items() if name != field}
        assert refusal(client, client.request(lacking, route)).detail == f"{field}: is required"


def test_a_wrong_field_of_a_span_is_named(client):
    spans = [{"span_id": "s", "start_timestamp": "t", "duration_ms": "long"}]
    request = client.request({**SIGNALS["transaction"], "spans": spans}, "transaction")
    assert refusal(client, request).detail == "spans[0].duration_ms: Expected `float`, got `str`"


def test_any_page_may_send(client):
    cors = dict(client.protocol.cors)
    assert cors["access-control-allow-origin"] == "*"
    assert "x-ember-key" in cors["access-control-allow-headers"]
    assert {route.path for route in client.protocol.routes} == {
        "/ingest",
        "/ingest/transaction",
        "/ingest/profile",
        "/ingest/replay",
    }
