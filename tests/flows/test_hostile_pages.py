"""Script in every field of an event, clicked through with nothing run."""

from typing import Any

import sentry_sdk
from playwright.sync_api import Page

from .browsing import Desk, browser, desk, send
from .running import Running

__all__ = ["browser", "desk"]
ATTACKS = (
    '<img src=x onerror="window.ran=1"><script>window.ran=1</script>\'"}}{{7*7}}',
    "javascript:window.ran=1",
    '"><svg onload=window.ran=1>',
    "'-window.ran=1-'",
    "<a href='javascript:window.ran=1' autofocus onfocus=window.ran=1>x</a>",
    "</title></textarea></style><script>window.ran=1</script>",
    "\u202egnp.exe\u0000\ud800",
)


def hostile(text: str) -> dict[str, Any]:
    """An event with `text` wherever an SDK may put text."""
    names = ("function", "module", "filename", "abs_path", "context_line", "package", "raw_function")
    frame = dict.fromkeys(names, text) | {"vars": {text: text, "deep": [text, {text: [text]}]}, "in_app": True}
    frame |= {"pre_context": [text], "post_context": [text], "lineno": 3}
    mechanism = {"type": text, "handled": False, "data": {text: text}, "help_link": text, "description": text}
    raised = {
        "type": text,
        "value": text,
        "module": text,
        "mechanism": mechanism,
        "stacktrace": {"frames": [frame] * 3},
    }
    contexts = {name: {"name": text, "version": text, text: text} for name in ("browser", "os", "device", "runtime")}
    request = {"url": text, "method": "POST", "query_string": text, "cookies": {text: text}, "headers": {text: text}}
    return {
        "exception": {"values": [raised, raised]},
        "threads": {"values": [{"id": 1, "name": text, "crashed": True, "stacktrace": {"frames": [frame]}}]},
        "logentry": {"message": text, "formatted": text, "params": [text]},
        "breadcrumbs": {
            "values": [{"message": text, "category": text, "type": text, "data": {text: text, "url": text}}]
        },
        "request": request | {"data": {text: [text]}, "env": {text: text}},
        "contexts": contexts | {text: {text: text}},
        "user": {"id": text, "email": text, "username": text, "name": text, "data": {text: text}},
        "tags": {"evil": text, "url": text},
        "extra": {text: {text: text}},
        "modules": {text: text},
        "fingerprint": [text],
        "logger": text,
        "transaction": text,
        "server_name": text,
        "release": text,
        "environment": "".join(text.split("/"))[:60],
        "dist": text[:60],
        "culprit": text,
        "platform": "python",
    }


def click_through(page: Page) -> None:
    """Open whatever can be opened."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    links = page.eval_on_selector_all("a[href]", "every => every.map(one => one.href.trim().toLowerCase())")
    assert [link for link in links if not link.startswith(("http:", "https:", "mailto:"))] == []


def test_script_in_every_field_is_text(desk: Desk, amber: Running) -> None:
    page = desk.page(amber, "/issues?query=&period=all")
    for number, text in enumerate(ATTACKS):
        event = hostile(text)

        def capture(_: sentry_sdk.Scope, event: Any = event) -> None:
            sentry_sdk.capture_event(event)

        issue = send(amber, capture, release=f"evil@{number}")
        project = amber.project
        for path in (
            "/issues?query=&period=all",
            f"/issues/{issue}",
            f"/issues/{issue}/events",
            f"/issues/{issue}/events/oldest",
            f"/palette?q={number}",
            f"/issues?query=is:unresolved+{number}<script>window.ran=1</script>",
            f"/issues?project={project}&environment=<script>window.ran=1</script>",
        ):
            page.goto(amber.url + path)
            click_through(page)
            assert page.evaluate("window.ran") is None, (text, path)
            assert page.locator("img[src=x]").count() == 0, (text, path)
            assert "49" not in page.title(), "a template in the data was evaluated"


def test_names_people_type_are_text_too(desk: Desk, amber: Running) -> None:
    evil = ATTACKS[0][:90]
    made = amber.api.post("/projects", json={"name": evil, "slug": "evil"})
    assert made.status_code == 201, made.text
    amber.api.post("/projects/evil/keys", json={"label": evil})
    amber.api.post("/teams", json={"name": evil, "slug": "evil"})
    amber.api.post("/tokens", json={"name": evil, "scopes": ["project:read"]})
    page = desk.page(amber, "/projects")
    for path in (
        "/projects",
        "/projects/evil",
        "/projects/evil/start",
        "/people",
        "/people/teams/evil",
        "/tokens",
        "/audit",
    ):
        page.goto(amber.url + path)
        click_through(page)
        assert page.evaluate("window.ran") is None, path
        assert page.locator("img[src=x]").count() == 0, path
