"""Breadcrumbs, threads and requests."""

from typing import Any

import pytest

from amber_console.home.issue.crumb_view import Crumb, before, crumb_views
from amber_console.home.issue.request_view import RequestView, request_view
from amber_console.home.issue.thread_view import thread_views

NOON = 1_700_000_000.0


def crumb(**fields: Any) -> Crumb:
    return crumb_views({"values": [fields]}, NOON)[0]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 s"), (0.04, "0 s"), (1.25, "−1.2 s"), (42.4, "−42 s"), (200, "−3 min 20 s"), (7500, "−2 h 5 min"),
        (-2, "+2.0 s"),
    ],
)  # fmt: skip
def test_how_long_before_the_event_is_said_in_its_largest_units(seconds: float, said: str) -> None:
    assert before(seconds) == said


def test_breadcrumbs_stand_most_recent_first_with_their_time_before_the_event() -> None:
    values = [{"timestamp": "2023-11-14T22:13:10Z", "message": "a"}, {"timestamp": None, "message": "b"}]
    newest, oldest = crumb_views({"values": values}, NOON)
    assert (newest.message, newest.before, newest.at) == ("b", "", None)
    assert (oldest.message, oldest.before, oldest.at) == ("a", "−10 s", NOON - 10)


def test_a_request_that_was_made_is_said_in_one_line() -> None:
    data = {"method": "GET", "url": "/rates", "status_code": 502, "reason": "Bad Gateway", "size": 12}
    shown = crumb(type="http", category="httplib", data=data)
    assert (shown.message, shown.data) == ("GET /rates → 502 Bad Gateway", (("size", "12"),))
    assert crumb(type="http", data={"reason": "late"}).message == ""


def test_other_breadcrumbs_keep_their_data() -> None:
    assert crumb(category="cart", message="added", data={"item": 7, "url": "/x"}).data == (("item", "7"), ("url", "/x"))
    assert crumb(data="odd").data == (("data", "odd"),)
    assert (crumb(type="default").category, crumb().level) == ("default", "info")


def test_the_crashed_thread_comes_first() -> None:
    values = [
        {"id": 1, "name": "main", "main": True, "state": "WAITING"},
        {"id": 2},
        {"id": 3, "name": "exec-4", "crashed": True, "current": True, "stacktrace": {"frames": [{"function": "f"}]}},
        {},
    ]
    shown = thread_views({"values": values})
    assert [one.name for one in shown] == ["exec-4 (3)", "main (1)", "2", ""]
    assert shown[0].signs == ("crashed", "current")
    assert shown[1].signs == ("main", "WAITING")
    assert shown[0].stack.frames[0].function == "f"


def request(**fields: Any) -> RequestView:
    shown = request_view(fields)
    assert shown is not None
    return shown


def test_a_request_shows_its_whole_address() -> None:
    shown = request(url="https://a.test/x", query_string=[["q", "a b"], ["token", "[Filtered]"]], fragment="top")
    assert shown.url == "https://a.test/x?q=a+b&token=[Filtered]#top"
    assert shown.link == shown.url


def test_only_what_is_safe_to_repeat_is_linked() -> None:
    assert request(url="https://a.test/pay", method="POST").link == ""
    assert request(url="javascript:alert(1)", method="GET").link == ""
    assert request(url="https://a.test/pay", method="HEAD").link == "https://a.test/pay"


def test_a_form_is_shown_as_pairs_and_any_other_body_as_it_is() -> None:
    form = request(data={"a": "1"}, inferred_content_type="application/x-www-form-urlencoded")
    assert (form.form, form.body) == ((("a", "1"),), "")
    assert request(data={"a": 1}, inferred_content_type="application/json").body == '{"a": 1}'
    assert request(data="plain").body == "plain"
    assert request(url="/", data={}).body == ""


def test_a_query_no_address_can_hold_is_shown_all_the_same() -> None:
    assert request(url="/x", query_string=[["a", "\ud800"]]).url == "/x?a=%3F"


def test_where_there_is_no_request_none_is_shown() -> None:
    assert request_view(None) is request_view({}) is None
