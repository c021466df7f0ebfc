"""What a person sees in a browser: first start, first issue, and that nothing in an event can run there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from playwright.sync_api import Browser, Page, sync_playwright

from .running import Running

SCRIPT = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>\'"}}{{7*7}}'
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, amber: Running) -> Iterator[Callable[..., Page]]:
    """Open a page of Amber as its owner; what the page asks other hosts for, or logs as an error, fails the test."""
    contexts, complaints = [], []

    def open_at(path: str, signed_in: bool = True, **options: Any) -> Page:
        owner = {"username": amber.said["email"], "password": amber.said["password"]} if signed_in else None
        context = browser.new_context(http_credentials=owner, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: amber.url in request.url or _note(complaints, request.url))
        page.goto(amber.url + path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def _note(complaints: list[str], url: str) -> None:
    if not url.startswith("data:"):
        complaints.append(f"request to {url}")


def send(amber: Running, function: Callable[[sentry_sdk.Scope], None]) -> str:
    """Send an event with the real SDK and wait until it is stored; its id."""
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(sentry_sdk.Client(dsn=amber.dsn, default_integrations=False, release="shop@1.2.3"))
        function(scope)
        event = sentry_sdk.last_event_id()
        scope.get_client().close()
    assert event is not None
    amber.stored(event)
    return event


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


def issue_of(amber: Running, event: str) -> str:
    return str(amber.api.get(f"/projects/{amber.project}/events/{event}").json()["issue_id"])


def test_a_stranger_is_told_that_amber_runs_and_signs_in_from_there(
    open_page: Callable[..., Page], amber: Running
) -> None:
    page = open_page("/", signed_in=False)
    assert "Amber runs" in page.inner_text("body")
    assert amber.web.get("/issues").headers["www-authenticate"].startswith("Basic")
    page = open_page("/")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/issues")
    assert "Owner" in page.inner_text("body")
    page.goto(amber.url)  # from now on the browser shows who it is
    page.wait_for_url("**/issues")


def test_an_error_is_on_the_page_with_its_source_and_why_it_was_grouped(
    open_page: Callable[..., Page], amber: Running
) -> None:
    issue = issue_of(amber, send(amber, raise_chained))
    page = open_page("/issues")
    page.get_by_text("RuntimeError: checkout failed").first.click()
    page.wait_for_url(f"**/issues/{issue}")
    text = page.inner_text("body")
    for part in ("ZeroDivisionError", "return total / discount", "cart opened", "region", "shop@1.2.3", "Grouped by"):
        assert part in text


def test_hostile_content_is_text(open_page: Callable[..., Page], amber: Running) -> None:
    def hostile(scope: sentry_sdk.Scope) -> None:
        scope.set_tag("evil", SCRIPT)
        scope.set_user({"id": SCRIPT, "email": SCRIPT})
        scope.set_context(SCRIPT, {SCRIPT: SCRIPT})
        scope.set_transaction_name(SCRIPT)
        sentry_sdk.add_breadcrumb(message=SCRIPT, category=SCRIPT, data={SCRIPT: SCRIPT})
        exception = {"type": SCRIPT, "value": SCRIPT, "module": SCRIPT, "stacktrace": {"frames": [frame()]}}
        sentry_sdk.capture_event({"exception": {"values": [exception]}, "logger": SCRIPT, "platform": "python"})

    def frame() -> dict[str, Any]:
        names = ("function", "module", "filename", "abs_path", "context_line")
        return {name: SCRIPT for name in names} | {"vars": {SCRIPT: SCRIPT}, "pre_context": [SCRIPT], "in_app": True}

    issue = issue_of(amber, send(amber, hostile))
    for path in ("/", "/issues", f"/issues/{issue}"):
        page = open_page(path)
        assert page.evaluate("window.ran") is None
        assert page.locator("img[src=x]").count() == 0
        assert path == "/" or "onerror" in page.inner_text("body")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(
    open_page: Callable[..., Page], amber: Running, scheme: Any, width: int, tmp_path: Path
) -> None:
    issue = issue_of(amber, send(amber, raise_chained))
    for path in ("/", "/issues", f"/issues/{issue}"):
        page = open_page(path, color_scheme=scheme, viewport={"width": width, "height": 844})
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_api_documentation_needs_no_other_host(open_page: Callable[..., Page]) -> None:
    page = open_page("/api/docs", signed_in=False)
    page.get_by_text("/api/v1/projects", exact=True).first.wait_for()
