from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from amber.model import Event
from amber_ingest.normalise import Arrival, normalise_event

Normal = Callable[..., Event]
OWN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def noted(event: Event) -> list[str]:
    return [error["name"] for error in event.data.get("errors", ())]


@pytest.mark.parametrize("given", [OWN, OWN.upper(), "01234567-89ab-cdef-0123-456789abcdef"])
def test_an_event_keeps_its_own_id_in_one_form(given: str, normal: Normal) -> None:
    event = normal(event_id=given)
    assert event.id == event.data["event_id"] == OWN
    assert noted(event) == []


@pytest.mark.parametrize("bad", ["", "xyz", 5, OWN[:-1], OWN + "0", "0" * 32, "g" * 32, [OWN]])
def test_a_bad_id_is_noted_and_the_envelopes_is_taken(bad: Any, arrival: Arrival) -> None:
    event = normalise_event({"event_id": bad}, msgspec.structs.replace(arrival, event_id=OTHER))
    assert event.id == OTHER
    assert noted(event) == ["event_id"]


def test_an_event_without_any_id_gets_the_same_one_at_each_delivery(normal: Normal, arrival: Arrival) -> None:
    first = normal(message="m")
    assert len(first.id) == 32
    assert normal(message="m").id == first.id
    assert normal(message="n").id != first.id
    later = msgspec.structs.replace(arrival, received_at=arrival.received_at + 1)
    assert normalise_event({"message": "m"}, later).id != first.id
    assert noted(first) == []


@pytest.mark.parametrize(
    ("given", "level", "is_noted"),
    [
        ("debug", "debug", False),
        ("log", "info", False),
        ("critical", "fatal", False),
        (10, "debug", False),
        (50, "fatal", False),
        ("WARN", "error", True),
        ("Error", "error", True),
        (35, "error", True),
        (True, "error", True),
        ([], "error", True),
        (None, "error", False),
    ],
)
def test_levels(given: Any, level: str, is_noted: bool, normal: Normal) -> None:
    event = normal(level=given)
    assert event.data["level"] == event.level == level
    assert noted(event) == (["level"] if is_noted else [])


def test_a_transactions_level_is_info_by_default(normal: Normal) -> None:
    assert normal(type="transaction", level="WARN").level == "info"


@pytest.mark.parametrize(
    ("given", "platform"), [("python", "python"), ("rust", "other"), (None, "other"), (5, "other")]
)
def test_platforms(given: Any, platform: str, normal: Normal) -> None:
    assert normal(platform=given).data["platform"] == platform


@pytest.mark.parametrize(
    ("given", "release"),
    [
        ("shop@1.2.3", "shop@1.2.3"),
        ("  1 ", "1"),
        (17, "17"),
        ("x" * 200, "x" * 200),
        ("x" * 201, None),
        ("a/b", None),
        ("a\\b", None),
        ("a\nb", None),
        ("..", None),
        ("Latest", None),
        ([], None),
    ],
)
def test_releases(given: Any, release: str | None, normal: Normal) -> None:
    event = normal(release=given)
    assert event.data.get("release") == release
    assert noted(event) == ([] if release else ["release"])


@pytest.mark.parametrize(
    ("given", "environment"), [("prod", "prod"), ("x" * 65, None), ("a/b", None), ("None", None), ({}, None)]
)
def test_environments(given: Any, environment: str | None, normal: Normal) -> None:
    event = normal(environment=given)
    assert event.data.get("environment") == environment
    assert noted(event) == ([] if environment else ["environment"])


@pytest.mark.parametrize(("given", "dist"), [(" 42 ", "42"), (42, "42"), ("a b", None), ("x" * 65, None)])
def test_dists(given: Any, dist: str | None, normal: Normal) -> None:
    event = normal(dist=given)
    assert event.data.get("dist") == dist
    assert noted(event) == ([] if dist else ["dist"])


@pytest.mark.parametrize("field", ["release", "environment", "dist"])
def test_an_empty_name_is_no_name_and_no_error(field: str, normal: Normal) -> None:
    event = normal(**{field: ""})
    assert field not in event.data
    assert noted(event) == []


def test_loggers_are_cut_on_the_right_and_java_ones_on_the_left(normal: Normal) -> None:
    assert normal().data["logger"] == ""
    assert normal(logger="a.b").data["logger"] == "a.b"
    assert normal(logger="a." * 40).data["logger"] == ("a." * 40)[:61] + "..."
    java = normal(logger="org.example." + "deep." * 12 + "Class", platform="java").data["logger"]
    assert java.startswith("*.deep.")
    assert java.endswith(".Class")
    assert len(java) <= 64
    assert noted(normal(logger="a\nb")) == ["logger"]


def test_fingerprints_are_text(normal: Normal) -> None:
    event = normal(fingerprint=["{{ default }}", 1, True, 1.0, 1.5, None, {"a": 1}])
    assert event.data["fingerprint"] == ["{{ default }}", "1", "True", "1", "1.5"]
    assert noted(event) == ["fingerprint.6"]
    assert noted(normal(fingerprint="x")) == ["fingerprint"]


@pytest.mark.parametrize(
    ("fields", "kind", "category"),
    [
        ({}, "default", "error"),
        ({"message": "m"}, "default", "error"),
        ({"exception": {"type": "E"}}, "error", "error"),
        ({"exception": {"type": "E"}, "type": "default"}, "error", "error"),
        ({"type": "error", "message": "m"}, "default", "error"),
        ({"type": "transaction"}, "transaction", "transaction"),
        ({"type": "feedback", "exception": {"type": "E"}}, "feedback", "feedback"),
        ({"csp": {"blocked-uri": "x"}}, "csp", "security"),
        ({"type": ["error"]}, "default", "error"),
    ],
)
def test_the_type_follows_from_what_the_event_holds(
    fields: dict[str, Any], kind: str, category: str, normal: Normal
) -> None:
    event = normal(**fields)
    assert (event.type, event.data["type"], event.category) == (kind, kind, category)


def test_a_feedback_item_is_feedback_even_if_it_does_not_say_so(arrival: Arrival) -> None:
    item = msgspec.structs.replace(arrival, item_type="feedback")
    assert normalise_event({"contexts": {"feedback": {"message": "m"}}}, item).type == "feedback"


def test_unknown_fields_are_left_out_with_a_note_that_does_not_quote_them(normal: Normal) -> None:
    event = normal(wild={"password": "hunter2"}, wilder="hunter2")
    assert "wild" not in event.data
    assert event.data["errors"] == [{"type": "invalid_attribute", "name": name} for name in ("wild", "wilder")]
    assert b"hunter2" not in msgspec.json.encode(event)


def test_old_names_mean_what_their_new_ones_do(normal: Normal) -> None:
    event = normal(
        **{
            "sentry.interfaces.Message": {"message": "old"},
            "sentry.interfaces.User": {"id": "1"},
            "sentry.interfaces.Http": {"url": "/"},
            "sentry.interfaces.Exception": {"values": [{"type": "E"}]},
        }
    )
    assert event.message == "old"
    assert event.user == "id:1"
    assert event.data["request"] == {"url": "/"}
    assert event.data["exception"]["values"] == [{"type": "E"}]
    assert normal(**{"message": "old", "logentry": {"message": "new"}}).message == "new"


@pytest.mark.parametrize(
    ("entry", "formatted"),
    [
        ("plain", "plain"),
        ({"message": "plain"}, "plain"),
        ({"message": "%s has %d", "params": ["cart", 3]}, "cart has 3"),
        ({"message": "100%% of %(a)s %(b)s", "params": {"a": None}}, "100% of None %(b)s"),
        ({"message": "{} and {name} and {1}", "params": ["x", "y"]}, "x and {name} and y"),
        ({"message": "{a} {b:>5}", "params": {"a": 1, "b": [2]}}, "1 [2]"),
        ({"message": "%s", "params": 5}, "5"),
        ({"message": "%s %s", "params": ["x"]}, "x %s"),
        ({"message": "t %s", "formatted": "t x", "params": ["y"]}, "t x"),
        ({"message": "%999999999d", "params": [1]}, "1"),
    ],
)
def test_messages_are_formatted(entry: Any, formatted: str, normal: Normal) -> None:
    event = normal(logentry=entry)
    assert event.message == formatted
    assert event.data["logentry"]["formatted"] == formatted


def test_a_message_equal_to_its_template_is_kept_once(normal: Normal) -> None:
    assert normal(message="m").data["logentry"] == {"formatted": "m"}
    assert normal(logentry={"message": "m", "formatted": "m"}).data["logentry"] == {"formatted": "m"}


def test_a_message_cannot_explode_when_it_is_formatted(normal: Normal) -> None:
    event = normal(logentry={"message": "%(a)s" * 4000, "params": {"a": "x" * 100_000}})
    assert len(event.message) == 8192
    assert len(event.data["logentry"]["message"]) <= 8392


def test_the_client_of_the_request_is_the_sdk_where_the_event_names_none(normal: Normal) -> None:
    assert normal().data["sdk"] == {"name": "sentry.python", "version": "2.75.0"}
    assert normal(sdk={"name": "own", "version": "1"}).data["sdk"] == {"name": "own", "version": "1"}
    assert normal(sdk={"packages": []}).data["sdk"]["name"] == "sentry.python"


def test_the_culprit_stands_in_for_a_transaction(normal: Normal) -> None:
    assert normal(culprit="a in b").data["transaction"] == "a in b"
    assert normal(culprit="a in b", transaction="/x").data["transaction"] == "/x"


def test_a_transaction_keeps_its_body(normal: Normal) -> None:
    spans = [{"span_id": "1" * 16, "op": "db"}]
    event = normal(type="transaction", spans=spans, start_timestamp=1795375876.5, measurements={"fp": {"value": 1}})
    assert event.data["spans"] == spans
    assert event.data["measurements"] == {"fp": {"value": 1}}
    assert event.data["start_timestamp"] == "2026-11-22T19:31:16.500000Z"
    assert noted(normal(spans=[])) == ["spans"]


@pytest.mark.parametrize("message", ["%(" * 4000, "{" + "a" * 8000, "{" * 8000, "%" * 8000, "{a:" * 2700, "%0" * 4000])
def test_a_message_that_is_hard_to_format_stays_as_it_is(message: str, normal: Normal) -> None:
    assert normal(logentry={"message": message, "params": {"b": 1}}).message[:6000] == message[:6000]
