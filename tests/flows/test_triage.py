"""A day with the issue list: by keyboard, through a regression, and with a colleague at the other screen."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from .browsing import Desk, browser, desk, raised, send
from .running import Running, wait_until

__all__ = ["browser", "desk"]


def titles(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("[data-row] a.title").all_inner_texts()]


def status(amber: Running, issue: str) -> str:
    return str(amber.get(f"/issues/{issue}")["status"])


def test_triage_by_keyboard_alone(start: Callable[..., Running], desk: Desk) -> None:
    amber = start()
    oldest, middle, newest = (send(amber, raised(kind)) for kind in ("Oldest", "Middle", "Newest"))
    page = desk.page(amber, "/issues")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/issues/{middle}")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    wait_until(lambda: status(amber, middle) == "resolved")
    page.go_back()
    page.goto(amber.url + "/issues")
    expect(page.locator("[data-row]")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("i")
    expect(page.locator("[data-row]")).to_have_count(0)
    wait_until(lambda: {status(amber, one) for one in (oldest, newest)} == {"ignored"})
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("is:ignored oldest")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator("body").press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("plug")
    expect(page.locator("#palette .found a").first).to_contain_text("Plugins")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plugins")


def test_typing_faster_than_the_server_answers_ends_at_the_last_word(start: Callable[..., Running], desk: Desk) -> None:
    page = desk.page(start(), "/issues")
    held: list[Route] = []
    page.route("**/palette*", lambda route: held.append(route), times=1)
    with page.expect_request("**/palette*"):
        page.keyboard.press("Control+k")
    page.keyboard.type("plug", delay=100)
    held[0].continue_()
    expect(page.locator("#palette .found a")).to_have_count(1)
    expect(page.locator("#palette .found a")).to_contain_text("Plugins")


def test_a_resolved_issue_comes_back_as_a_regression(desk: Desk, amber: Running) -> None:
    issue = send(amber, raised("Boomerang"), "shop@1.0.0")
    page = desk.page(amber, f"/issues/{issue}")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    page.goto(amber.url + "/issues?query=is:resolved+Boomerang")
    expect(page.locator("[data-row]")).to_have_count(1)
    assert send(amber, raised("Boomerang"), "shop@2.0.0") == issue
    page.goto(amber.url + "/issues?query=is:regressed+Boomerang")
    expect(page.locator("[data-row]")).to_contain_text("regressed")
    page.goto(f"{amber.url}/issues/{issue}")
    expect(page.locator("#issue-sentence")).to_contain_text("Regressed")
    expect(page.locator("#issue-sentence")).to_contain_text("2.0.0")
    log = [entry["action"] for entry in amber.pages("/audit", subject=f"issue:{issue}")]
    assert log == ["issue.change"]


def test_two_browsers_watch_the_same_list(desk: Desk, amber: Running) -> None:
    first = send(amber, raised("Watched"))
    ann, bob = (desk.page(amber, "/issues?query=is:unresolved+Watched") for _ in range(2))
    for page in (ann, bob):
        expect(page.locator("[data-row]")).to_have_count(1)
    send(amber, raised("WatchedToo"))
    for page in (ann, bob):
        expect(page.locator("[data-reload]")).to_contain_text("1 new issue")
        assert len(titles(page)) == 1, "rows never move by themselves"
    bob.locator("[data-reload]").click()
    expect(bob.locator("[data-row]")).to_have_count(2)
    amber.api.patch(f"/issues/{first}", json={"status": "ignored"})
    row = bob.locator(f"[data-issue='{first}']")
    expect(row.get_by_text("changed just now")).to_be_visible()
    expect(bob.locator("[data-reload]")).to_contain_text("1 changed")
    bob.locator("[data-reload]").click()
    expect(bob.locator("[data-row]")).to_have_count(1)


def test_a_search_nobody_understands_is_explained(desk: Desk, amber: Running) -> None:
    page = desk.page(amber, "/issues?query=colour:red")
    expect(page.get_by_role("status").filter(has_text="colour")).to_be_visible()


def test_an_issue_is_assigned_to_a_colleague(desk: Desk, amber: Running) -> None:
    issue = send(amber, raised("Assigned"))
    page = desk.page(amber, f"/issues/{issue}")
    page.keyboard.press("a")
    page.locator("#issue-head button[name=assignee][value*='@']").first.click()
    wait_until(lambda: amber.get(f"/issues/{issue}")["assignee"] == amber.said["email"])
    page.goto(amber.url + "/issues?query=assigned:me")
    expect(page.locator("[data-row]").filter(has_text="Assigned")).to_have_count(1)
