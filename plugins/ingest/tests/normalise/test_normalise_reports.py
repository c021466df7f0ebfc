from typing import Any

import msgspec
import pytest

from amber_ingest.normalise import Arrival, normalise_event, normalise_feedback, normalise_security

CSP = {
    "document-uri": "https://shop.example/cart?id=5",
    "referrer": "https://search.example/",
    "violated-directive": "script-src 'self'",
    "effective-directive": "script-src",
    "blocked-uri": "https://evil.example/x.js",
}


@pytest.fixture
def browser(arrival: Arrival) -> Arrival:
    return msgspec.structs.replace(arrival, item_type="security", user_agent="Mozilla/5.0 Firefox/141.0")


def test_a_policy_report_becomes_an_event(browser: Arrival) -> None:
    event = normalise_security({"csp-report": dict(CSP)}, browser)
    assert (event.type, event.category, event.data["logger"]) == ("csp", "security", "csp")
    assert event.message == "Blocked 'script-src' from 'evil.example'"
    assert event.data["tags"] == [
        ["effective-directive", "script-src"],
        ["blocked-uri", "https://evil.example/x.js"],
    ]
    assert event.data["request"] == {
        "url": "https://shop.example/cart",
        "query_string": [["id", "5"]],
        "headers": [["User-Agent", "Mozilla/5.0 Firefox/141.0"], ["Referer", "https://search.example/"]],
    }
    assert event.data["csp"] == CSP
    assert "transaction" not in event.data
    assert event.data["contexts"]["browser"]["name"] == "Firefox"


def test_the_reporting_api_says_the_same_in_other_words(browser: Arrival) -> None:
    report = {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://shop.example/cart",
            "blockedURL": "https://evil.example/x.js",
            "effectiveDirective": "script-src-elem",
            "disposition": "enforce",
        },
    }
    for given in (report, [report]):
        event = normalise_security(given, browser)
        assert event.message == "Blocked 'script-src-elem' from 'evil.example'"
        assert event.data["csp"]["document-uri"] == "https://shop.example/cart"


@pytest.mark.parametrize(
    ("blocked", "source"),
    [
        ("inline", "inline"),
        ("self", "self"),
        ("", "self"),
        ("https://shop.example/own.js", "self"),
        ("data", "data"),
        ("data:text/plain,x", "data"),
        ("https://[broken", "https"),
    ],
)
def test_the_source_is_named_as_people_name_it(blocked: str, source: str, browser: Arrival) -> None:
    event = normalise_security({"csp-report": {**CSP, "blocked-uri": blocked}}, browser)
    assert event.message == f"Blocked 'script-src' from '{source}'"


def test_older_browsers_name_only_the_violated_directive(browser: Arrival) -> None:
    report = {"violated-directive": "img-src https://a.example", "blocked-uri": "https://b.example"}
    assert normalise_security({"csp-report": report}, browser).message == "Blocked 'img-src' from 'b.example'"


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        ({"expect-ct-report": {"hostname": "shop.example"}}, "expectct"),
        ({"expect-staple-report": {"hostname": "shop.example"}}, "expectstaple"),
        ({"hostname": "shop.example", "known-pins": []}, "hpkp"),
    ],
)
def test_other_reports_are_kept_under_their_own_type(report: dict[str, Any], kind: str, browser: Arrival) -> None:
    event = normalise_security(report, browser)
    assert (event.type, event.category) == (kind, "security")
    assert event.data[kind]["hostname"] == "shop.example"
    assert event.data["tags"] == [["hostname", "shop.example"]]


@pytest.mark.parametrize("report", [None, 5, "x", [], {}, {"csp-report": 5}, {"body": []}, [[]], {"csp-report": {}}])
def test_a_broken_report_is_an_event_all_the_same(report: Any, browser: Arrival) -> None:
    event = normalise_security(report, browser)
    assert (event.type, event.category) == ("csp", "security")


def test_a_report_delivered_twice_has_one_id(browser: Arrival) -> None:
    first, second = (normalise_security({"csp-report": dict(CSP)}, browser) for _ in range(2))
    assert first.id == second.id
    named = msgspec.structs.replace(browser, event_id="a" * 32)
    assert normalise_security({"csp-report": dict(CSP)}, named).id == "a" * 32


REPORT = {"event_id": "A" * 32, "name": "Ann", "email": "ann@example.org", "comments": "It broke"}


def test_a_user_report_becomes_feedback_about_its_event(arrival: Arrival) -> None:
    item = msgspec.structs.replace(arrival, item_type="user_report", event_id="a" * 32)
    event = normalise_feedback(dict(REPORT), item)
    assert (event.type, event.category, event.level) == ("feedback", "feedback", "info")
    assert event.data["contexts"]["feedback"] == {
        "type": "feedback",
        "name": "Ann",
        "contact_email": "ann@example.org",
        "message": "It broke",
        "associated_event_id": "a" * 32,
    }
    assert event.id != "a" * 32
    assert normalise_feedback(dict(REPORT), item).id == event.id


def test_the_same_report_sent_again_later_has_the_same_id(arrival: Arrival) -> None:
    later = msgspec.structs.replace(arrival, received_at=arrival.received_at + 60)
    first, again = normalise_feedback(dict(REPORT), arrival), normalise_feedback(dict(REPORT), later)
    other = normalise_feedback({**REPORT, "comments": "something else"}, arrival)
    assert first.id == again.id != other.id


@pytest.mark.parametrize("report", [None, 5, [], {}, {"name": 5, "comments": []}])
def test_a_broken_user_report_is_feedback_all_the_same(report: Any, arrival: Arrival) -> None:
    event = normalise_feedback(report, arrival)
    assert event.type == "feedback"
    assert "message" not in event.data["contexts"].get("feedback", {})


def test_new_feedback_is_an_event_like_others(arrival: Arrival) -> None:
    context = {"message": "m", "contact_email": "a@b.example", "associated_event_id": "b" * 32}
    event = normalise_event({"type": "feedback", "contexts": {"feedback": context}}, arrival)
    assert event.data["contexts"]["feedback"] == {**context, "type": "feedback"}
