import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import Decoded, Handled, OutcomeCount, Submission
from amber.testing.contexts import make_context
from amber_ingest import amber as plugin


def stack(decoded: Decoded) -> list[str]:
    (event,) = decoded.events
    return [frame["function"] for frame in event.data["exception"]["values"][0]["stacktrace"]["frames"]]


def test_an_error_becomes_an_event(client, event):
    (found,) = client.deliver(client.request(event)).events
    assert (found.id, found.project, found.type) == ("0f8fad5bd9cb469fa16570867728950e", 42, "error")
    assert (found.level, found.message, found.user) == ("error", "payment failed", "id:7")
    assert (found.text("release"), found.text("environment"), found.text("platform")) == ("shop@1.2", "live", "python")
    assert found.data["tags"] == [["shop", "berlin"]]
    assert found.data["breadcrumbs"]["values"][0]["message"] == "clicked"
    assert found.data["sdk"] == {"name": "ember-sdk", "version": "0.1.0"}
    (problem,) = found.data["exception"]["values"]
    assert (problem["type"], problem["value"]) == ("ZeroDivisionError", "division by zero")
    last = problem["stacktrace"]["frames"][-1]
    assert (last["function"], last["lineno"], last["colno"], last["context_line"]) == ("pay", 9, 5, "1/0")
    assert "errors" not in found.data


@pytest.mark.parametrize(
    ("sdk", "order", "platform"),
    [
        ({"name": "ember-sdk"}, ["main", "pay"], "python"),
        ({"name": "@ember/sdk"}, ["pay", "main"], "node"),
        ({"name": "ember-node"}, ["pay", "main"], "node"),
        ({"name": "ember-browser-js"}, ["pay", "main"], "javascript"),
        ({"name": "ember-go"}, ["main", "pay"], "go"),
        (None, ["main", "pay"], "other"),
    ],
)
def test_stacks_run_from_the_oldest_call_whatever_the_sdk(client, event, sdk, order, platform):
    decoded = client.deliver(client.request({**event, "sdk": sdk}))
    assert stack(decoded) == order
    assert decoded.events[0].text("platform") == platform


def test_a_message_that_repeats_the_exception_is_left_out(client, event):
    event["message"] = event["exception"]["message"]
    assert client.deliver(client.request(event)).events[0].message == ""


def test_the_least_event_is_enough(client, event):
    least = {name: event[name] for name in ("event_id", "project_id", "timestamp", "level")}
    least["exception"] = {"type": "Error", "message": "it broke"}
    (found,) = client.deliver(client.request(least)).events
    assert found.data["exception"]["values"][0]["value"] == "it broke"


def test_a_time_nobody_can_read_is_the_time_of_arrival(client, event):
    event["timestamp"] = "just now"
    assert client.deliver(client.request(event)).events[0].timestamp == client.now


def test_an_id_that_is_no_uuid_gives_the_same_event_each_time(client, event):
    event["event_id"] = "1795375937123"
    first, again = (client.deliver(client.request(event)).events[0].id for _ in range(2))
    event["event_id"] = "1795375937124"
    other = client.deliver(client.request(event)).events[0].id
    assert first == again != other
    assert len(first) == 32
    assert client.protocol.read(client.request(event), 42).event_id == other
    assert client.protocol.read(client.request(event), 43).event_id != other


def transaction(**more) -> dict:
    fields = {"event_id": "t-1", "project_id": "42", "timestamp": "2026-11-22T19:31:15Z", "trace_id": "t"}
    return {**fields, "span_id": "s", "name": "GET /", "duration_ms": 1.5, **more}


def test_other_signals_are_held_for_the_plugins_to_come(client):
    request = client.request(transaction(), "transaction")
    (item,) = client.deliver(request).items
    assert (item.type, item.category, item.payload) == ("amber.transaction", "transaction", request.body)

    class Blobs(dict):
        def put(self, key: str, data: bytes) -> None:
            self[key] = data

    context = make_context(plugin, plugin.Config(), blob_store=Blobs())
    (handler,) = plugin.item_handlers()
    assert item.type in handler.types
    for _ in range(2):
        assert handler.handle([item], context) == [Handled("stored", "held")]
    assert context.role("blob_store") == {f"held/amber.transaction/42/{item.event_id}": request.body}


@pytest.mark.parametrize("route", ["event", "transaction"])
def test_what_was_refused_at_the_edge_is_left_out(client, event, route):
    request = client.request(event if route == "event" else transaction(), route)
    submission = client.submission(request, {0: OutcomeCount(42, "error", "filtered")})
    assert client.protocol.decode(submission) == Decoded()


@given(
    st.sampled_from(["event", "transaction", "profile", "replay"]),
    st.binary(max_size=80) | st.just(b"{}"),
    st.sampled_from(["", "gzip", "br"]),
)
def test_no_submission_makes_decoding_fail(client, route, body, encoding):
    decoded = client.protocol.decode(Submission("s", "amber", route, 42, client.now, encoding, body=body))
    assert [(outcome.outcome, outcome.project) for outcome in decoded.outcomes] == [("invalid", 42)]
