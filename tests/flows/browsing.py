"""A real browser: people who log in to a running Amber and look at its pages."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .running import Running

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield launched
        launched.close()


class Desk:
    """The browsers of one test. What a page asks other hosts for, or logs as an error, is a complaint."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._states: dict[str, Any] = {}
        self.complaints: list[str] = []

    def page(self, amber: Running, path: str = "/", is_logged_in: bool = True, **options: Any) -> Page:
        """A new browser at this page of an Amber; its owner has logged in."""
        state = self._state(amber) if is_logged_in else None
        page = self._context(amber, storage_state=state, **options).new_page()
        page.goto(amber.url + path)
        return page

    def _state(self, amber: Running) -> Any:
        """The cookies of the owner, who logs in once for a test."""
        if amber.url not in self._states:
            context = self._context(amber)
            log_in(context.new_page(), amber)
            self._states[amber.url] = context.storage_state()
        return self._states[amber.url]

    def _context(self, amber: Running, **options: Any) -> BrowserContext:
        context = self._browser.new_context(**options)
        self._contexts.append(context)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("console", lambda message: self._hear(message.type, message.text))
        own = urlsplit(amber.url).netloc
        context.on("request", lambda request: self._see(own, request.url))
        return context

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "the server responded with a status of 4" not in text:
            self.complaints.append(f"console: {text}")

    def _see(self, own: str, url: str) -> None:
        if urlsplit(url).netloc != own and not url.startswith("data:"):
            self.complaints.append(f"request to {url}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    made = Desk(browser)
    yield made
    made.close()
    assert not made.complaints, made.complaints


def log_in(page: Page, amber: Running) -> None:
    """Log in as the owner through the form."""
    page.goto(amber.url + "/login")
    page.get_by_label("E-mail").fill(amber.said["email"])
    page.get_by_label("Password").fill(amber.said["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: urlsplit(url).path not in ("/login", "/"))


def send(amber: Running, function: Callable[[sentry_sdk.Scope], None], release: str = "shop@1.2.3") -> str:
    """Send an event with the real SDK and wait until it is stored; its issue's id."""
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(sentry_sdk.Client(dsn=amber.dsn, default_integrations=False, release=release))
        function(scope)
        event = sentry_sdk.last_event_id()
        scope.get_client().close()
    assert event is not None
    return str(amber.stored(event)["issue_id"])


def raised(kind: str) -> Callable[[sentry_sdk.Scope], None]:
    """What sends an exception of a type of that name: all of one kind are one issue."""

    def capture(_: sentry_sdk.Scope) -> None:
        try:
            raise type(kind, (Exception,), {})(f"{kind} happened")
        except Exception as error:
            sentry_sdk.capture_exception(error)

    return capture
