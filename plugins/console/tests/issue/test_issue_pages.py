"""The issue page as the kernel serves it: real plugins, real guard, real stores on SQLite."""

import re
import time
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from amber.model import Attachment, AuditEntry, Feedback

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
NOON = 1_700_000_000.0
HTMX = {"hx-request": "true"}
CHAIN = {
    "exception": {
        "values": [
            {"type": "KeyError", "value": "'total'"},
            {
                "type": "RuntimeError",
                "value": "checkout failed",
                "mechanism": {"type": "flask", "handled": False},
                "stacktrace": {
                    "frames": [
                        {"function": "run", "filename": "flask/app.py", "lineno": 10, "in_app": False},
                        {"function": "dispatch", "filename": "flask/app.py", "lineno": 20, "in_app": False},
                        {
                            "function": "place_order",
                            "filename": "shop/cart.py",
                            "lineno": 41,
                            "in_app": True,
                            "pre_context": ["def place_order(order):", "    discount = order.discount"],
                            "context_line": "    return order.total / discount",
                            "post_context": ["", "# end"],
                            "vars": {"order": {"total": 5}, "note": "five"},
                        },
                    ]
                },
            },
        ]
    },
    "threads": {"values": [{"id": 1, "name": "main", "current": True}]},
    "breadcrumbs": {
        "values": [{"timestamp": "2023-11-14T22:13:18Z", "category": "cart", "message": "opened"}] * 14
        + [{"timestamp": "2023-11-14T22:13:19Z", "category": "cart", "level": "warning", "message": "added item 7"}]
    },
    "tags": [["region", "eu"]],
    "user": {"id": "5", "email": "bob@shop.test"},
    "request": {
        "method": "POST",
        "url": "https://shop.test/checkout",
        "query_string": [["step", "2"]],
        "headers": [["Accept", "*/*"]],
        "data": {"item": 7},
    },
    "contexts": {"runtime": {"name": "CPython", "version": "3.11"}},
    "extra": {"retries": 3},
    "modules": {"flask": "3.0"},
    "release": "2.3.1",
    "environment": "production",
    "sdk": {"name": "sentry.python", "version": "2.75.0"},
}


def read(client: Any, path: str, status: int = 200) -> str:
    page = client.get(path)
    assert page.status_code == status, page.text
    return unescape(page.text)


def change(client: Any, issue: int = 1, headers: dict[str, str] | None = None, **form: str) -> Any:
    return client.post(f"/issues/{issue}/change", data=form, headers=headers, follow_redirects=False)


def event(number: int) -> str:
    return UUID(int=number).hex


def test_an_issue_page_holds_everything_known(acme: Any) -> None:
    acme.happened(1, "RuntimeError: checkout failed", **CHAIN)
    text = read(acme.browser(), "/issues/1")
    for expected in (
        "SHOP-1",
        'RuntimeError<span class="rest">: checkout failed',
        "1 event",
        "unhandled",
        "caught by flask",
        "2 library frames",
        "place_order",
        "shop/cart.py:41",
        '{"total": 5}',
        "Caused by",
        "'total'",
        "added item 7",
        "3 earlier",
        "bob@shop.test",
        "https://shop.test/checkout?step=2",
        '{"item": 7}',
        "CPython",
        "retries",
        "flask",
        "sentry.python 2.75.0",
        "same exception in the same function",
        "0 events in 14 days",
        'href="/issues?query=environment%3Aproduction"',
        "100 %",
        "First seen",
    ):
        assert expected in text
    trace = text[text.index('class="exception"') :]
    assert trace.index("checkout failed") < trace.index("'total'")
    assert trace.index("place_order") < trace.index("2 library frames") < trace.index("dispatch")
    assert text.index("added item 7") < text.index("opened")


def test_what_happens_now_is_new_and_stands_in_the_histogram(acme: Any) -> None:
    acme.happened(1, at=time.time())
    text = read(acme.browser(), "/issues/1")
    assert "New, first seen <time" in text
    assert "1 event in 14 days" in text


def test_source_lines_are_numbered_and_the_one_that_ran_is_marked(acme: Any) -> None:
    acme.happened(1, **CHAIN)
    text = read(acme.browser(), "/issues/1")
    assert (
        '<li class="current" aria-current="true"><span class="number">41</span>'
        "<code>    return order.total / discount</code></li>"
    ) in text
    assert '<li><span class="number">39</span><code>def place_order(order):</code></li>' in text
    assert '<li><span class="number">43</span><code># end</code></li>' in text


def test_a_message_without_exception_is_shown(acme: Any) -> None:
    acme.happened(1, "disk is full", logentry={"formatted": "disk is full: 99 %"})
    text = read(acme.browser(), "/issues/1")
    assert "disk is full: 99 %" in text
    assert 'id="stack"' not in text


def test_a_lone_thread_is_the_stack_and_a_report_is_told_in_a_sentence(acme: Any) -> None:
    stack = {"frames": [{"function": "wait", "filename": "a.py"}]}
    acme.happened(1, "a", threads={"values": [{"name": "worker", "current": True, "stacktrace": stack}]})
    acme.happened(2, "b", csp={"effective-directive": "script-src", "original-policy": "default-src 'none'"})
    assert "worker" in read(acme.browser(), "/issues/1")
    assert "script-src does not allow it" in read(acme.browser(), "/issues/2")


def test_files_and_feedback_stand_with_their_event(acme: Any, kernel: Any) -> None:
    acme.happened(1, **CHAIN)
    home, store = acme.project.id, kernel.stores.events
    store.write_attachments([Attachment("a7", home, event(1), "shot.png", "image/png", "", 2048, "k", NOON)])
    store.write_feedback([Feedback("f1", home, event(1), "Jane", "jane@x.test", "the page was white", NOON)])
    text = read(acme.browser(), "/issues/1")
    assert f'href="/api/v1/projects/{home}/events/{event(1)}/attachments/a7"' in text
    assert "2.0 KiB" in text
    assert "the page was white" in text


def test_each_event_of_an_issue_has_its_page_between_its_neighbours(acme: Any) -> None:
    for number in (1, 2, 3):
        acme.happened(number, at=NOON + number, tags=[["number", f"n{number}"]])
    browser = acme.browser()
    middle = read(browser, f"/issues/1/events/{event(2)}")
    assert "n2" in middle
    assert re.search(rf'href="/issues/1/events/{event(1)}" rel="prev" data-key="\["', middle)
    assert re.search(rf'href="/issues/1/events/{event(3)}" rel="next" data-key="\]"', middle)
    assert "n1" in read(browser, "/issues/1/events/oldest")
    assert "oldest event" in read(browser, "/issues/1/events/oldest")
    for path in ("/issues/1", "/issues/1/events/newest", f"/issues/1/events/{UUID(int=3)}"):
        assert "n3" in read(browser, path)
        assert "newest event" in read(browser, path)


def test_events_are_listed_a_page_at_a_time(acme: Any) -> None:
    for number in range(1, 53):
        acme.happened(number, at=NOON + number, release="2.3.1", user={"id": f"u{number}"})
    browser = acme.browser()
    first = read(browser, "/issues/1/events")
    assert first.count("data-row") == 50
    assert "52 events, newest first" in first
    assert f'href="/issues/1/events/{event(52)}"' in first
    assert "id:u52" in first
    following = re.search(r'href="(/issues/1/events\?cursor=[^"]+)" rel="next"', first)
    assert following is not None
    last = read(browser, following[1])
    assert last.count("data-row") == 2
    assert "id:u1<" in last
    assert 'rel="next"' not in last


def test_an_issue_says_how_many_of_its_events_are_kept(acme: Any, kernel: Any) -> None:
    for number in range(1, 6):
        acme.happened(number, at=NOON + number)
    browser, home, stores = acme.browser(), acme.project.id, kernel.stores
    for most, lead, link in (
        (2, "of which the newest 3 are kept", "The newest 3 events"),
        (2, "of which the newest one is kept", "The newest event"),
    ):
        old = stores.events.oldest_events(home, NOON * 2, limit=most).items
        stores.events.delete_events(home, stores.issues.let_go(home, old, NOON, may_end_issues=False).ids)
        listed = read(browser, "/issues/1/events")
        assert f"5 events, {lead}" in listed
        assert "older ones were let go" in listed
        assert link in read(browser, "/issues/1")
    assert "4 older ones were let go" in listed


def test_an_issue_whose_events_are_gone_says_so(acme: Any) -> None:
    acme.counted(1)
    browser = acme.browser()
    for path in ("/issues/1", "/issues/1/events", "/issues/1/events/oldest"):
        assert "No event of this issue is kept" in read(browser, path)


@pytest.mark.parametrize("ref", ["2", "0", "x", "9" * 40, "-1"])
@pytest.mark.parametrize("rest", ["", "/events", "/events/newest"])
def test_an_issue_that_is_not_there_is_a_page_that_says_so(acme: Any, ref: str, rest: str) -> None:
    assert "There is no such issue." in read(acme.browser(), f"/issues/{ref}{rest}", 404)


def test_an_event_of_another_issue_is_not_shown_here(acme: Any) -> None:
    acme.happened(1, "Error: here")
    acme.happened(2, "Error: there", tags=[["kept", "elsewhere"]])
    browser = acme.browser()
    for ref in (event(2), event(9), "x"):
        text = read(browser, f"/issues/1/events/{ref}", 404)
        assert "This issue has no such event" in text
        assert "elsewhere" not in text


@pytest.mark.parametrize("rest", ["", "/events", "/events/newest"])
def test_nobody_sees_or_changes_an_issue_of_another_organisation(acme: Any, other: Any, rest: str) -> None:
    acme.happened(1, "Error: ours")
    assert "ours" not in read(other.browser(), f"/issues/1{rest}", 404)
    assert change(other.browser(), status="resolved").status_code == 404
    assert "ours" in read(acme.browser(), "/issues/1")


def test_a_form_changes_the_status_and_leads_back_to_the_page_it_was_on(acme: Any) -> None:
    acme.happened(1)
    browser = acme.browser()
    here = f"/issues/1/events/{event(1)}"
    assert f'name="next" value="{here}"' in read(browser, here)
    answer = change(browser, status="resolved", next=here)
    assert (answer.status_code, answer.headers["location"]) == (303, here)
    text = read(browser, here)
    assert re.search(r"Resolved <time[^>]*>just now</time> <bdi>by Ann</bdi>", text)
    assert 'name="status" value="unresolved"' in text
    assert "<b>Ann</b> resolved this" in text
    change(browser, status="unresolved")
    assert "reopened this" in read(browser, here)
    change(browser, status="ignored")
    assert "Ignored" in read(browser, here)


@pytest.mark.parametrize("there", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", ""])
def test_a_form_leads_to_no_other_site(acme: Any, there: str) -> None:
    acme.happened(1)
    assert change(acme.browser(), status="resolved", next=there).headers["location"] == "/issues/1"


def test_an_issue_is_given_to_a_member_a_team_or_nobody(acme: Any) -> None:
    acme.happened(1)
    acme.directory.add_team(acme.organisation.id, "checkout", "Checkout team", AUDIT)
    browser = acme.browser()
    email = re.search(r'name="assignee" value="(\S+@\S+)"', read(browser, "/issues/1"))
    assert email is not None
    for value, said in ((email[1], "assigned this to "), ("team:checkout", "assigned this to Checkout team")):
        assert change(browser, assignee=value).status_code == 303
        text = read(browser, "/issues/1")
        assert said in text
        assert f'value="{value}" aria-current="true"' in text
    change(browser, assignee="")
    assert "unassigned this" in read(browser, "/issues/1")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"status": "deleted"}, "it cannot be anything else"),
        ({"assignee": "eve@evil.test"}, "this is neither"),
        ({"assignee": "team:none"}, "this is neither"),
        ({}, "asks for no change"),
        ({"next": "/issues"}, "asks for no change"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_in_words(acme: Any, form: dict[str, str], why: str) -> None:
    acme.happened(1)
    answer = change(acme.browser(), **form)
    assert answer.status_code == 400
    assert why in unescape(answer.text)


def test_with_htmx_a_change_answers_the_new_head_and_the_activity_alone(acme: Any) -> None:
    acme.happened(1)
    answer = change(acme.browser(), headers=HTMX, status="resolved", next="/issues/1/events/oldest")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="issue-head"' in answer.text
    assert 'id="issue-activity" hx-swap-oob="true"' in answer.text
    assert 'value="/issues/1/events/oldest"' in answer.text
    assert "Resolved" in answer.text


def test_who_may_only_read_is_offered_no_change_and_can_make_none(acme: Any) -> None:
    acme.happened(1)
    reader = acme.program("project:read")
    text = read(reader, "/issues/1")
    assert 'data-key="r"' not in text
    assert 'name="assignee"' not in text
    assert change(reader, status="resolved").status_code == 403
    assert acme.program("project:triage").post("/issues/1/change", data={"status": "resolved"}).status_code == 200
