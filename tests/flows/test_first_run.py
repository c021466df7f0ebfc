"""What a newcomer sees: the way in, the first page, and how it turns into the first issue."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import sentry_sdk
from playwright.sync_api import expect

from .browsing import Desk, browser, desk, log_in, raised, send
from .running import Running

__all__ = ["browser", "desk"]


def fail(total: int, discount: int) -> float:
    return total / discount


def raise_chained(scope: sentry_sdk.Scope) -> None:
    scope.set_tag("region", "eu")
    sentry_sdk.add_breadcrumb(message="cart opened", category="cart")
    try:
        try:
            fail(5, 0)
        except ZeroDivisionError as cause:
            raise RuntimeError("checkout failed") from cause
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)


def test_from_the_printed_password_to_the_first_issue(start: Callable[..., Running], desk: Desk) -> None:
    amber = start()
    page = desk.page(amber, "/", is_logged_in=False)
    assert urlsplit(page.url).path == "/login"
    log_in(page, amber)
    expect(page.get_by_text(amber.dsn).first).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Waiting for the first event")
    page.get_by_text("Python", exact=True).first.click()
    expect(page.get_by_text("pip install").first).to_be_visible()
    issue = send(amber, raise_chained)
    page.wait_for_url(f"**/issues/{issue}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("RuntimeError: checkout failed")
    for part in (
        "ZeroDivisionError",
        "return total / discount",
        "cart opened",
        "region",
        "shop@1.2.3",
        "Why this issue",
    ):
        expect(page.get_by_text(part).first).to_be_visible()
    page.goto(amber.url + "/issues")
    expect(page.locator("[data-row]")).to_have_count(1)


def test_a_wrong_password_is_said_and_a_session_ends_with_a_log_out(desk: Desk, amber: Running) -> None:
    page = desk.page(amber, "/people", is_logged_in=False)
    page.get_by_label("E-mail").fill(amber.said["email"])
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("E-mail").fill(amber.said["email"])
    page.get_by_label("Password").fill(amber.said["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/people")
    page.request.post(f"{amber.url}/logout", headers={"sec-fetch-site": "same-origin"})
    page.goto(amber.url + "/people")
    assert urlsplit(page.url).path == "/login"


def test_another_sites_form_cannot_log_anybody_out(desk: Desk, amber: Running) -> None:
    page = desk.page(amber, "/issues")
    page.route(
        "http://elsewhere.localhost/**",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<form method=post action='{amber.url}/logout'><button>go</button></form>"
        ),
    )
    page.goto("http://elsewhere.localhost/")
    page.get_by_role("button").click()
    page.wait_for_url(f"{amber.url}/**")
    page.goto(amber.url + "/people")
    assert urlsplit(page.url).path == "/people"
    desk.complaints[:] = [one for one in desk.complaints if "elsewhere.localhost" not in one]


def test_the_pages_work_before_any_script_runs(desk: Desk, amber: Running) -> None:
    send(amber, raised("Scriptless"))
    page = desk.page(amber, "/issues", java_script_enabled=False)
    page.get_by_text("Scriptless happened").first.click()
    page.wait_for_url("**/issues/*")
    page.get_by_role("button", name="Resolve").click()
    page.wait_for_load_state()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(desk: Desk, amber: Running, width: int) -> None:
    issue = send(amber, raise_chained)
    page = desk.page(amber, "/issues", viewport={"width": width, "height": 844})
    paths = ("/issues", f"/issues/{issue}", f"/issues/{issue}/events", "/projects", "/projects/first", "/people")
    more = ("/projects/first/start", "/projects/first/notifications", "/plugins", "/profile", "/tokens", "/audit")
    for path in (*paths, *more):
        page.goto(amber.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_api_documentation_needs_no_other_host(desk: Desk, amber: Running) -> None:
    page = desk.page(amber, "/api/docs", is_logged_in=False)
    page.get_by_text("/api/v1/projects", exact=True).first.wait_for()
