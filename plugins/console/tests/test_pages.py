from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOON = 1_700_000_000.0
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
    "breadcrumbs": {
        "values": [
            {"timestamp": "2023-11-14T22:13:19Z", "category": "cart", "level": "info", "message": "added item 7"},
            {"timestamp": "2023-11-14T22:13:20Z", "type": "http", "level": "warning", "data": {"status_code": 500}},
        ]
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
    "release": "2.3.1",
    "sdk": {"name": "sentry.python", "version": "2.75.0"},
}


def test_the_first_page_says_that_amber_runs_and_shows_the_way_in(stranger: Any, acme: Any) -> None:
    acme.happened(1)
    page = stranger.get("/")
    assert page.status_code == 200
    assert "Amber runs" in page.text
    assert 'href="/issues"' in page.text
    assert "Error: no" not in page.text


def test_who_is_signed_in_goes_on_to_the_issues(acme: Any) -> None:
    answer = acme.browser().get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/issues")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/issues", "/issues/1"])
def test_a_stranger_is_asked_to_sign_in_and_told_how(stranger: Any, acme: Any, path: str) -> None:
    acme.happened(1)
    page = stranger.get(path)
    assert page.status_code == 401
    assert page.headers["www-authenticate"].startswith('Basic realm="Amber"')
    assert "Amber runs" in page.text
    assert "amber user create" in page.text
    assert "Error: no" not in page.text


def test_a_wrong_password_is_asked_for_again_and_then_told_to_wait(acme: Any) -> None:
    browser = acme.browser("wrong")
    for _ in range(5):
        assert browser.get("/issues").headers["www-authenticate"].startswith("Basic")
    page = browser.get("/issues")
    assert page.status_code == 429
    assert "wait five minutes" in page.text


def test_before_the_first_error_the_page_shows_how_to_send_one(acme: Any) -> None:
    page = acme.browser().get("/")
    key = acme.directory.keys(acme.project.id)[0].public_key
    assert page.status_code == 200
    assert unescape(page.text).count(f"https://{key}@amber.test/errors/{acme.project.id}") == 2
    assert "sentry_sdk.init" in page.text


def test_without_a_key_that_works_the_page_says_how_to_get_one(acme: Any) -> None:
    acme.directory.change_key(acme.directory.keys(acme.project.id)[0].id, False, AUDIT)
    assert "amber project create" in acme.browser().get("/").text


def test_the_last_issues_of_all_projects_stand_in_the_order_they_were_seen(acme: Any) -> None:
    web = acme.directory.add_project(acme.organisation.id, "web", "Web", "other", AUDIT)
    acme.happened(1, "Error: eldest", at=NOON)
    acme.happened(2, "Error: newest", project=web.id, at=NOON + 9, user={"id": "5"})
    acme.happened(3, "Error: middle", at=NOON + 5)
    text = acme.browser().get("/").text
    assert text.index("newest") < text.index("middle") < text.index("eldest")
    assert "The last 3 issues" in text
    assert "WEB-1" in text
    assert "<b>1</b> event · <b>1</b> user" in text
    assert '<time datetime="2023-11-14T22:13:29.000000Z" title="2023-11-14 22:13:29 UTC">' in text
    assert 'href="/issues/2"' in text


def test_no_more_than_fifty_issues_are_shown(acme: Any) -> None:
    for number in range(53):
        acme.happened(number, f"Error: <{number}>", at=NOON + number)
    text = acme.browser().get("/").text
    assert text.count('<a class="title"') == 50
    assert "&lt;52&gt;" in text
    assert "&lt;2&gt;" not in text


def test_nobody_sees_issues_of_another_organisation(acme: Any, other: Any) -> None:
    acme.happened(1, "Error: ours")
    assert "ours" not in other.browser().get("/").text
    page = other.browser().get("/issues/1")
    assert page.status_code == 404
    assert "ours" not in page.text


def test_a_projects_token_sees_its_project_alone(acme: Any) -> None:
    web = acme.directory.add_project(acme.organisation.id, "web", "Web", "other", AUDIT)
    acme.happened(1, "Error: in shop")
    program = acme.program("project:read", project=web.id)
    assert "in shop" not in program.get("/").text
    assert program.get("/issues/1").status_code == 404


def test_who_has_no_scope_sees_nothing(acme: Any) -> None:
    acme.happened(1)
    page = acme.program().get("/")
    assert page.status_code == 403
    assert "project:read" in page.text
    assert "Error: no" not in page.text


@pytest.mark.parametrize("ref", ["2", "0", "x", "9" * 40, "-1"])
def test_an_issue_that_is_not_there_is_a_page_that_says_so(acme: Any, ref: str) -> None:
    page = acme.browser().get(f"/issues/{ref}")
    assert page.status_code == 404
    assert "There is no such issue." in page.text


def test_an_issue_page_holds_everything_known(acme: Any) -> None:
    acme.happened(1, "RuntimeError: checkout failed", **CHAIN)
    text = unescape(acme.browser().get("/issues/1").text)
    for expected in (
        "same exception in the same function",
        "grouped by stack v1",
        "checkout failed",
        "unhandled",
        "2 library frames",
        "place_order",
        "shop/cart.py:41",
        '{"total":5}',
        "Caused by",
        "'total'",
        "added item 7",
        '{"status_code":500}',
        "bob@shop.test",
        "POST https://shop.test/checkout?step=2",
        '{"item":7}',
        "CPython",
        "sentry.python 2.75.0",
        "first <time",
        "in 2.3.1",
    ):
        assert expected in text
    assert text.index("checkout failed") < text.index("'total'")
    assert text.index("place_order") < text.index("2 library frames") < text.index("dispatch")


def test_source_lines_are_numbered_and_the_one_that_ran_is_marked(acme: Any) -> None:
    acme.happened(1, **CHAIN)
    text = unescape(acme.browser().get("/issues/1").text)
    assert (
        '<li class="current"><span class="number">41</span><code>    return order.total / discount</code></li>' in text
    )
    assert '<li><span class="number">39</span><code>def place_order(order):</code></li>' in text
    assert '<li><span class="number">43</span><code># end</code></li>' in text


def test_a_message_without_exception_is_shown(acme: Any) -> None:
    acme.happened(1, "disk is full", logentry={"formatted": "disk is full: 99 %"})
    assert "disk is full: 99 %" in acme.browser().get("/issues/1").text


def test_an_issue_whose_events_are_gone_says_so(acme: Any) -> None:
    acme.counted(1)
    assert "No event of this issue is kept" in acme.browser().get("/issues/1").text


@pytest.mark.parametrize("path", ["/", "/issues/1", "/issues/99"])
def test_no_page_may_run_or_fetch_anything(acme: Any, stranger: Any, path: str) -> None:
    acme.happened(1, **CHAIN)
    for client in (acme.browser(), stranger):
        page = client.get(path)
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "<script" not in page.text
        assert " style=" not in page.text
        assert "<style" not in page.text


def test_the_style_sheet_is_open_to_all(stranger: Any) -> None:
    sheet = stranger.get("/static/console/console.css")
    assert sheet.status_code == 200
    assert sheet.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in sheet.text
    assert "url(" not in sheet.text
    assert "@import" not in sheet.text
