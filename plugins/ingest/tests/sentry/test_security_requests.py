import json

import pytest

from amber.errors import Reject

CSP = {
    "csp-report": {
        "document-uri": "https://shop.example/cart",
        "violated-directive": "script-src cdn.example",
        "effective-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js",
    }
}
REPORTING = {"type": "csp-violation", "url": "https://shop.example/", "body": {"effectiveDirective": "img-src"}}
QUERY = {"sentry_key": "f" * 32, "sentry_release": "shop@1.0", "sentry_environment": "live"}


def report(client, body, mime: str = "application/csp-report", route: str = "security"):
    return client.request(json.dumps(body).encode(), route, {"content-type": mime}, query=QUERY)


@pytest.mark.parametrize("route", ["security", "csp_report"])
def test_a_report_becomes_an_event(client, route):
    request = report(client, CSP, route=route)
    assert [(note.type, note.category) for note in client.read(request).items] == [("raw_security", "security")]
    assert (client.answer(request).status, client.answer(request).body) == (200, b"")
    (event,) = client.deliver(request).events
    assert event.type == "csp"
    assert event.data["csp"]["blocked-uri"] == "https://evil.example/x.js"
    assert (event.text("release"), event.text("environment")) == ("shop@1.0", "live")


def test_each_report_of_a_list_is_an_event_of_its_own(client):
    request = report(client, [REPORTING] * 3, "application/reports+json; charset=utf-8")
    submission = client.submission(request)
    ids = [event.id for event in client.protocol.decode(submission).events]
    assert len(set(ids)) == 3
    assert ids == [event.id for event in client.protocol.decode(submission).events]


def test_a_release_that_is_none_is_left_out(client):
    request = client.request(
        json.dumps(CSP).encode(), "security", {"content-type": "application/json"}, query={"sentry_release": "a/b"}
    )
    assert "release" not in client.deliver(request).events[0].data


@pytest.mark.parametrize("mime", ["", "text/plain", "application/x-sentry-envelope"])
def test_other_media_types_are_refused(client, mime):
    with pytest.raises(Reject) as refused:
        client.read(report(client, CSP, mime))
    assert refused.value.status == 415


@pytest.mark.parametrize("body", [[], "text", [CSP, 7], [REPORTING] * 501])
def test_what_is_no_report_is_refused(client, body):
    with pytest.raises(Reject) as refused:
        client.read(report(client, body))
    assert refused.value.status == 400


def test_broken_json_and_endless_depth_are_refused(client):
    deep = b'{"csp-report":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001
    for body in (b"{", deep):
        with pytest.raises(Reject, match="invalid security report") as refused:
            client.read(client.request(body, "security", {"content-type": "application/json"}))
        assert refused.value.status == 400
