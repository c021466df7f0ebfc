"""An error arrives whole, whichever SDK sent it: what raised what, where, and all that surrounds it."""

from typing import Any

import pytest

from flows.running import Running, wait_until

from .conftest import Sent
from .expected import SHOPS
from .shops import build_page
from .toolchains import SOURCES

ATTACHING = [shop for shop in SHOPS if shop.attaches]
HEARING = [shop for shop in SHOPS if shop.hears_feedback]
SHOWING = [shop for shop in SHOPS if shop.shows_source]


def frames(exception: Any) -> list[Any]:
    return list((exception.get("stacktrace") or {}).get("frames") or ())


def source(sent: Sent) -> list[str]:
    file = SOURCES / sent.shop.source if sent.shop.source else build_page() / "shop.bundle.js"
    return file.read_text().splitlines()


def line_of(lines: list[str], snippet: str) -> int:
    [found] = [number for number, line in enumerate(lines, 1) if snippet in line]
    return found


def test_the_chain_of_causes_is_whole_and_in_order(sent: Sent) -> None:
    assert [(one["type"], one["value"]) for one in sent.chain] == [(one.type, one.value) for one in sent.shop.chain]
    mechanisms = [one.get("mechanism") or {} for one in sent.chain]
    named = [one["exception_id"] for one in mechanisms if "exception_id" in one]
    assert [one["parent_id"] for one in mechanisms if "parent_id" in one] == named[1:]


def test_the_apps_own_frames_are_told_from_those_of_libraries(sent: Sent) -> None:
    every = [frame for exception in sent.chain for frame in frames(exception)]
    own = [[frame["function"] for frame in frames(exception) if frame["in_app"]] for exception in sent.chain]
    assert own == [list(one.own) for one in sent.shop.chain]
    assert {frame["in_app"] for frame in every} == {True, False}
    assert sent.shop.library in {frame["function"] for frame in every if not frame["in_app"]}


def test_the_newest_frame_of_the_app_names_its_line(sent: Sent) -> None:
    lines = source(sent)
    for exception, raised in zip(sent.chain, sent.shop.chain, strict=True):
        newest = [frame["lineno"] for frame in frames(exception) if frame["in_app"]][-1:]
        assert newest == ([line_of(lines, raised.line)] if raised.own else [])


@pytest.mark.parametrize("sent", SHOWING, ids=str, indirect=True)
def test_the_source_around_a_frame_is_there(sent: Sent) -> None:
    lines = source(sent)
    for exception in sent.chain:
        frame = [one for one in frames(exception) if one["in_app"]][-1]
        number = frame["lineno"] - 1
        shown = [*frame["pre_context"], frame["context_line"], *frame["post_context"]]
        assert shown == lines[number - len(frame["pre_context"]) : number + 1 + len(frame["post_context"])]
        assert len(frame["pre_context"]) >= 5


def test_what_surrounds_the_error_is_whole(sent: Sent) -> None:
    data = sent.order["data"]
    assert (data["release"], data["environment"]) == ("shop@1.4.2", "staging")
    assert (data["platform"], data["level"]) == (sent.shop.platform, "error")
    assert {("cart", "large"), ("region", "eu")} <= {(key, value) for key, value in data["tags"]}
    assert (data["user"]["id"], data["user"]["email"]) == ("42", "reader@example.org")
    assert f"{data['sdk']['name']} {data['sdk']['version']}".startswith(sent.shop.sdk)
    assert ("errors" in data, "_meta" in data) == (False, False)


def test_the_breadcrumbs_lead_up_to_the_error(sent: Sent) -> None:
    crumbs = sent.order["data"]["breadcrumbs"]["values"][:2]
    assert [(one["category"], one["message"], one["level"]) for one in crumbs] == [
        ("cart", "a book was put into the cart", "info"),
        ("checkout", "pay was pressed", "warning"),
    ]
    assert crumbs[0]["data"] == {"items": 2}
    assert all(one["timestamp"] for one in crumbs)


@pytest.mark.parametrize("sent", ATTACHING, ids=str, indirect=True)
def test_the_attachment_and_the_users_name_come_along(sent: Sent) -> None:
    assert sent.order["data"]["user"]["username"] == "reader"
    [attachment] = sent.order["attachments"]
    assert (attachment["name"], attachment["content_type"]) == ("cart.txt", "text/plain")
    place = f"/projects/{sent.amber.project}/events/{sent.order['event_id']}/attachments/{attachment['id']}"
    assert sent.amber.api.get(place).content == b"2 x coffee\n"


@pytest.mark.parametrize("sent", HEARING, ids=str, indirect=True)
def test_what_the_user_wrote_is_kept_with_the_error(sent: Sent) -> None:
    [feedback] = wait_until(lambda: feedback_on(sent.amber, sent.order))
    assert (feedback["name"], feedback["email"]) == ("A reader", "reader@example.org")
    assert feedback["message"] == "The shop lost my coffee"


def feedback_on(amber: Running, event: Any) -> list[Any]:
    return list(amber.get(f"/projects/{amber.project}/feedback", event_id=event["event_id"])["items"])


def test_the_issue_is_named_after_what_was_raised_and_where(sent: Sent) -> None:
    issue, last = sent.issue(sent.order), sent.shop.chain[-1]
    assert issue["title"] == f"{last.type}: {last.value}"
    assert issue["culprit"].endswith(sent.shop.culprit)
    assert (issue["platform"], issue["level"], issue["first_release"]) == (sent.shop.platform, "error", "shop@1.4.2")


def test_the_same_error_is_one_issue_and_another_error_another(sent: Sent) -> None:
    first, second = sent.orders
    assert first["event_id"] != second["event_id"]
    assert first["issue_id"] == second["issue_id"] != sent.refund["issue_id"]
    listed = {line["event_id"] for line in sent.amber.pages(f"/issues/{first['issue_id']}/events")}
    assert listed >= {first["event_id"], second["event_id"]}
    assert sent.issue(first)["users"] == 1
    other, (title, culprit) = sent.issue(sent.refund), sent.shop.refund
    assert other["title"] == title
    assert other["culprit"].endswith(culprit)


def test_the_grouping_says_which_frames_it_went_by(sent: Sent) -> None:
    why = sent.amber.get(f"/issues/{sent.order['issue_id']}/grouping")
    assert why["mechanism"] == "exception"
    assert f"in-app frames of {sent.shop.chain[-1].type}" in why["summary"]
