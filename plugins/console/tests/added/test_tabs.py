"""Tabs that plugins add to the page of an issue: listed without being asked, drawn when somebody opens one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amber.model import AuditEntry, Fragment, IssueQuery, Redirect, Shown, UiPage, UiRequest
from amber.testing.running import Kernel

Guest = Callable[..., Path]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ATTACK = "\"'><script>alert(1)</script>"


@pytest.fixture
def issue(acme: Any) -> str:
    """The page of an issue with one event."""
    acme.happened(1)
    [known] = acme.stores.issues.list_issues(IssueQuery((acme.project.id,))).items
    return f"/issues/{known.id}"


def tab(show: Callable[..., Any], **given: Any) -> dict[str, Any]:
    return {"ui_pages": lambda ctx: [UiPage("report", "Report & more", show, place="issue", **given)]}


def about(request: UiRequest, ctx: Any) -> Shown:
    assert request.issue is not None
    assert request.project is not None
    return Fragment(f"about {request.issue.title} of {request.project.slug} at {request.path}: {ATTACK}")


def unasked(request: UiRequest, ctx: Any) -> Shown:
    raise AssertionError("asked although nobody opened it")


def test_a_tab_stands_beside_those_of_the_issue_and_is_drawn_when_it_is_opened(
    acme: Any, guest: Guest, issue: str
) -> None:
    guest(**tab(about))
    browser, link = acme.browser(), f'<a href="{issue}/pages/guest/report"'
    for path in (issue, f"{issue}/events"):
        assert f"{link}>Report &amp; more</a>" in browser.get(path).text
    opened = browser.get(f"{issue}/pages/guest/report").text
    assert f'{link} aria-current="page">Report &amp; more</a>' in opened
    assert f"of shop at {issue}/pages/guest/report: " in opened
    assert "<script>alert" not in opened
    assert 'name="status" value="resolved"' in opened


def test_nobody_is_asked_for_a_tab_that_is_not_opened(
    acme: Any, guest: Guest, issue: str, caplog: pytest.LogCaptureFixture
) -> None:
    guest(**tab(unasked))
    assert acme.browser().get(issue).status_code == 200
    assert "AssertionError" not in caplog.text
    assert acme.browser().get(f"{issue}/pages/guest/report").status_code == 500


def test_a_change_made_beside_a_tab_leads_back_to_it(acme: Any, send: Any, guest: Guest, issue: str) -> None:
    guest(**tab(about))
    path = f"{issue}/pages/guest/report"
    browser = acme.browser()
    assert f'name="next" value="{path}"' in browser.get(path).text
    assert "hx-post" not in browser.get(path).text.partition('id="issue-head"')[2].partition("</header>")[0]
    assert send(browser, f"{issue}/change", status="resolved", next=path).headers["location"] == path
    assert "Reopen" in browser.get(path).text


def test_a_form_on_a_tab_is_taken_from_those_who_may_send_it(
    acme: Any, staff: Any, send: Any, guest: Guest, issue: str
) -> None:
    guest(**tab(lambda request, ctx: Redirect(request.path), change="project:admin"))
    path = f"{issue}/pages/guest/report"
    assert send(staff["owner"], path).headers["location"] == path
    assert send(staff["member"], path).status_code == 403


def test_a_tab_of_an_issue_is_nowhere_else(acme: Any, other: Any, guest: Guest, issue: str) -> None:
    guest(**tab(about))
    browser = acme.browser()
    for path in ("/pages/guest/report", "/projects/shop/pages/guest/report", f"{issue}/pages/guest/nothing"):
        assert browser.get(path).status_code == 404
    assert other.browser().get(f"{issue}/pages/guest/report").status_code == 404
    assert browser.get("/issues/999/pages/guest/report").status_code == 404


def test_a_project_that_does_without_the_plugin_has_no_such_tab(
    acme: Any, guest: Guest, issue: str, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest(**tab(about))
    here = acme.project.id
    monkeypatch.setattr(
        kernel.dispatcher, "is_off", lambda plugin, organisation, project=None: plugin == "guest" and project == here
    )
    assert "Report &amp; more" not in acme.browser().get(issue).text
    assert acme.browser().get(f"{issue}/pages/guest/report").status_code == 404


def test_a_tab_goes_with_its_plugin(acme: Any, guest: Guest, issue: str, leave: Callable[[], None]) -> None:
    guest(**tab(about))
    leave()
    assert "Report &amp; more" not in acme.browser().get(issue).text
    assert acme.browser().get(f"{issue}/pages/guest/report").status_code == 404
