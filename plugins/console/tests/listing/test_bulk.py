"""Changing many issues at once, as the kernel serves it."""

from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def three(acme: Any) -> Any:
    for number in (1, 2, 3):
        acme.happened(number, f"Error: {number}")
    return acme


def change(client: Any, deed: str, *issues: int, next: str = "/issues") -> Any:
    form = {"change": deed, "issue": [str(one) for one in issues], "next": next}
    return client.post("/issues/bulk", data=form, follow_redirects=False)


def standing(home: Any, field: str = "status") -> list[str]:
    return [getattr(home.stores.issues.get_issue(number), field) for number in (1, 2, 3)]


def test_a_member_resolves_ignores_and_reopens_what_they_selected(three: Any) -> None:
    browser = three.browser(three.joined("bob", "member").user)
    assert change(browser, "resolve", 1, 2).status_code == 303
    assert standing(three) == ["resolved", "resolved", "unresolved"]
    change(browser, "ignore", 3)
    change(browser, "reopen", 1)
    assert standing(three) == ["unresolved", "resolved", "ignored"]


@pytest.mark.parametrize("assignee", ["ann@acme.test", "team:checkout", ""])
def test_issues_are_given_to_people_and_teams(three: Any, assignee: str) -> None:
    three.directory.add_team(three.organisation.id, "checkout", "Checkout", AUDIT)
    change(three.browser(), f"assign:{assignee}", 1, 2)
    assert standing(three, "assignee") == [assignee, assignee, ""]


@pytest.mark.parametrize("deed", ["assign:stranger@else.test", "explode", "assign"])
def test_what_cannot_be_done_is_refused_in_a_sentence(three: Any, deed: str) -> None:
    answer = change(three.browser(), deed, 1)
    assert answer.status_code == 400
    assert "this is neither" in answer.text
    assert standing(three) == ["unresolved"] * 3


def test_the_list_then_says_what_was_done_and_takes_it_back(three: Any) -> None:
    browser = three.browser()
    answer = change(browser, "resolve", 1, 2, next="/issues?period=all")
    assert answer.headers["location"].startswith("/issues?period=all&done=resolve&to=1")
    page = browser.get(answer.headers["location"]).text
    assert "Resolved 2 issues." in page
    assert 'value="reopen">Undo' in page


def test_nothing_selected_changes_nothing(three: Any) -> None:
    answer = change(three.browser(), "resolve", next="/issues?query=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/issues?query=x")
    assert standing(three) == ["unresolved"] * 3


def test_one_issue_of_somebody_else_keeps_all_as_they_were(three: Any, other: Any) -> None:
    other.happened(9, "Error: theirs")
    theirs = 4
    assert change(three.browser(), "resolve", 1, theirs).status_code == 404
    assert change(three.browser(), "resolve", 1, 999).status_code == 404
    assert standing(three) == ["unresolved"] * 3
    assert other.stores.issues.get_issue(theirs).status == "unresolved"


def test_the_answer_never_leads_to_another_site(three: Any) -> None:
    answer = change(three.browser(), "resolve", 1, next="//evil.test/issues")
    assert answer.headers["location"].startswith("/issues?")


def test_a_form_on_another_site_changes_nothing(three: Any) -> None:
    browser = three.browser()
    browser.headers["sec-fetch-site"] = "cross-site"
    assert change(browser, "resolve", 1).status_code == 403
    assert standing(three) == ["unresolved"] * 3


def test_the_audit_log_says_who_did_it(three: Any) -> None:
    change(three.browser(), "ignore", 2)
    entry = three.directory.audit_log(three.organisation.id, subject="issue:2").items[0]
    assert (entry.actor, entry.action) == (f"user:{three.owner.id}", "issue.change")
