"""The list of issues as the kernel serves it."""

import re
import time
from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry, IssueChange

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ROW = re.compile(r'<a class="title" href="/issues/(\d+)">')
ATTACK = "<script>alert(1)</script>\"'><img src=x>"


def seen(client: Any, path: str = "/issues?period=all") -> list[int]:
    """The issues on a page, in order."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    return [int(number) for number in ROW.findall(page.text)]


def text_of(client: Any, path: str = "/issues?period=all") -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", client.get(path).text)).split())


@pytest.fixture
def several(acme: Any) -> Any:
    """Four issues: 1 resolved, 2 ignored and given to Ann, 3 fatal in staging, 4 the newest."""
    acme.happened(1, "Error: one", at=1000.0)
    acme.happened(2, "Error: two", at=2000.0, release="2.0", user={"id": "1"})
    acme.happened(3, "Crash: three", at=3000.0, level="fatal", environment="staging")
    acme.happened(4, "Error: four", at=4000.0)
    acme.happened(5, "Error: four", at=4001.0)
    acme.stores.issues.change_issues([1], IssueChange(status="resolved"), AUDIT)
    acme.stores.issues.change_issues([2], IssueChange(status="ignored", assignee="ann@acme.test"), AUDIT)
    return acme


def test_what_is_unresolved_stands_first_by_when_it_was_seen(several: Any) -> None:
    assert seen(several.browser()) == [4, 3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1]),
        ("is:all", [4, 3, 2, 1]),
        ("is:resolved", [1]),
        ("is:ignored", [2]),
        ("is:regressed", []),
        ("level:fatal", [3]),
        ("release:2.0", [2]),
        ("environment:staging", [3]),
        ("assigned:me", [2]),
        ("assigned:none", [4, 3, 1]),
        ("assigned:ann@acme.test", [2]),
        ("FOUR", [4]),
        ("is:unresolved error", [4]),
        ("nothing like it", []),
    ],
)
def test_a_query_finds_what_it_asks_for(several: Any, query: str, found: list[int]) -> None:
    browser = several.browser()
    page = browser.get("/issues", params={"period": "all", "query": query})
    assert [int(number) for number in ROW.findall(page.text)] == found
    assert f'value="{query}"' in page.text


@pytest.mark.parametrize(
    ("sort", "found"), [("count", [4, 3]), ("users", [4, 3]), ("first_seen", [4, 3]), ("last_seen", [4, 3])]
)
def test_the_list_has_an_order(several: Any, sort: str, found: list[int]) -> None:
    several.happened(6, "Crash: three", at=3500.0, user={"id": "7"}, level="fatal")
    several.happened(7, "Crash: three", at=3500.0, level="fatal")
    expected = [3, 4] if sort in ("count", "users") else found
    assert seen(several.browser(), f"/issues?period=all&sort={sort}") == expected


def test_the_environment_menu_offers_those_that_were_seen_and_filters(several: Any) -> None:
    page = several.browser().get("/issues?period=all").text
    assert "environment=staging" in page
    assert seen(several.browser(), "/issues?period=all&environment=staging") == [3]


def test_a_period_leaves_out_what_was_seen_before_it(acme: Any) -> None:
    now = time.time()
    acme.happened(1, "Error: old", at=now - 20 * 86_400)
    acme.happened(2, "Error: new", at=now - 3600)
    browser = acme.browser()
    assert seen(browser, "/issues") == [2]
    assert seen(browser, "/issues?period=24h") == [2]
    assert seen(browser, "/issues?period=30d") == [2, 1]
    assert seen(browser, "/issues?period=all") == [2, 1]


def test_the_summary_counts_what_is_open_and_what_came_back(acme: Any) -> None:
    now = time.time()
    acme.happened(1, "Error: one", at=now - 100)
    acme.happened(2, "Error: two", at=now - 100)
    acme.stores.issues.change_issues([1], IssueChange(status="resolved"), AUDIT)
    acme.happened(3, "Error: one", at=now - 50, release="2.3.1")
    text = text_of(acme.browser())
    assert "2 unresolved · 1 regressed today" in text
    assert "regressed in 2.3.1" in text
    assert seen(acme.browser(), "/issues?query=is:regressed") == [1]


def test_a_row_says_what_there_is_to_know(acme: Any) -> None:
    acme.joined("bob", "member")
    now = time.time()
    for number in range(3):
        acme.happened(number, "RuntimeError: checkout failed", at=now - 60, user={"id": str(number)})
    acme.stores.issues.change_issues([1], IssueChange(assignee="bob@acme.test"), AUDIT)
    page = acme.browser().get("/issues").text
    assert "<b>RuntimeError</b> checkout failed" in page
    assert 'title="Bob"' in page
    assert 'aria-label="3 events in 14 days, 3 at most in one bar"' in page
    assert "shop.cart · SHOP-1 · error · new" in text_of(acme.browser())


def test_a_filter_nobody_knows_is_explained_and_the_list_is_there(several: Any) -> None:
    path = "/issues?period=all&query=foo:bar"
    assert "There is no filter “foo:”." in text_of(several.browser(), path)
    assert seen(several.browser(), path) == [4, 3, 2, 1]


def test_a_long_list_goes_on_on_the_next_page(acme: Any) -> None:
    for number in range(60):
        acme.happened(number, f"Error: <{number}>", at=1000.0 + number)
    browser = acme.browser()
    first = browser.get("/issues?period=all&sort=first_seen")
    onward = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert onward is not None
    second = seen(browser, unescape(onward[1]))
    assert [int(number) for number in ROW.findall(first.text)] + second == list(range(60, 0, -1))
    assert "First page" in text_of(browser, unescape(onward[1]))


def test_a_cursor_that_is_none_is_refused_on_a_page(several: Any) -> None:
    page = several.browser().get("/issues?cursor=nonsense")
    assert page.status_code == 400
    assert "Nothing was changed" in page.text


def test_one_project_is_shown_alone(acme: Any) -> None:
    web = acme.directory.add_project(acme.organisation.id, "web", "Web", "other", AUDIT)
    acme.happened(1, "Error: in shop")
    acme.happened(2, "Error: in web", project=web.id)
    assert seen(acme.browser(), "/issues?period=all&project=web") == [2]
    assert acme.browser().get("/issues?project=gone").status_code == 404


def test_an_empty_answer_shows_a_way_on(several: Any) -> None:
    assert "Look at all time" in text_of(several.browser(), "/issues")
    assert "All quiet" in text_of(several.browser(), "/issues")
    everywhere = text_of(several.browser(), "/issues?period=all&query=zzz&environment=nowhere")
    assert "Nothing matches" in everywhere
    assert "Every environment" in everywhere


def test_nobody_sees_another_organisations_issues(acme: Any, other: Any) -> None:
    acme.happened(1, "Error: ours")
    assert "ours" not in other.browser().get("/issues?period=all").text
    assert other.browser().get("/issues?project=shop").status_code == 200
    assert "ours" not in other.browser().get("/issues?period=all&project=shop").text


def test_a_projects_token_sees_its_project_alone_and_changes_nothing(acme: Any) -> None:
    web = acme.directory.add_project(acme.organisation.id, "web", "Web", "other", AUDIT)
    acme.happened(1, "Error: in shop")
    acme.happened(2, "Error: in web", project=web.id)
    program = acme.program("project:read", project=web.id)
    assert seen(program) == [2]
    assert 'type="checkbox" name="issue"' not in program.get("/issues?period=all").text
    assert program.post("/issues/bulk", data={"change": "resolve", "issue": "2"}).status_code == 403


def test_whatever_an_issue_is_called_is_text(acme: Any) -> None:
    acme.happened(1, ATTACK, culprit=ATTACK, environment=ATTACK, release=ATTACK, at=time.time())
    browser = acme.browser()
    for path in ("/issues", f"/issues?query={ATTACK}&environment={ATTACK}&period={ATTACK}&cursor=", "/palette?q=alert"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in browser.get("/issues").text
