"""What a plugin adds to the console, in a real browser: a page, a tab, a slot and its files come and go with it."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import sentry_sdk
from playwright.sync_api import Page

from .browsing import Desk, browser, desk, send
from .running import Running, wait_until

__all__ = ["browser", "desk"]
TITLE = "<img src=x onerror='window.ran=1'> {{ 7*7 }}"
CODE = """\
from amber import hookimpl
from amber.model import UiPage


def show(request, ctx):
    return ctx.render("shown.html", what=request.issue.title if request.issue else request.query.get("q", ""))


@hookimpl
def ui_pages():
    return [UiPage("show", "Shiny", show), UiPage("tab", "Shine", show, place="issue")]


@hookimpl
def ui_slot(slot, subject, ctx):
    return ctx.render("shown.html", what=subject.issue.title) if slot == "issue.sidebar" else None
"""
MANIFEST = """\
name = "shiny"
title = "Shiny"
summary = "Adds to pages."
families = ["integrations"]
hooks = ["ui_pages", "ui_slot"]
"""
TEMPLATE = """\
<link rel="stylesheet" href="{{ static("shiny.css") }}">
<section class="shiny" data-plugin-said="{{ what }}">
  <h2>Shiny</h2>
  <p class="said-by-plugin" style="color: rgb(1, 2, 3)">{{ what }}</p>
  <img src="{{ static("dot.png") }}" alt="A dot"><button onclick="window.ran=1">Press</button>
  <script>window.ran = 1</script>
  <script src="{{ static("shiny.js") }}"></script>
</section>
"""
JS = 'document.documentElement.dataset.shiny = "ran";'
CSS = ".shiny .said-by-plugin { text-decoration-line: underline; } .shiny img { width: 12px; height: 12px; }"
FILES = {"shiny.css": "text/css", "shiny.js": "text/javascript", "dot.png": "image/png"}
WIDTHS = (1280, 390)


def png() -> bytes:
    """A picture of two by two points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0\xa8\x5c\0\xa8\x5c\0" * 2)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages, as pip fills one, that holds the plugin."""
    site = tmp_path / "site"
    package, info = site / "amber_shiny", site / "amber_shiny-1.0.dist-info"
    for folder in (package / "templates", package / "static", info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text(CODE)
    (package / "plugin.toml").write_text(MANIFEST)
    (package / "templates" / "shown.html").write_text(TEMPLATE)
    (package / "static" / "shiny.css").write_text(CSS)
    (package / "static" / "shiny.js").write_text(JS)
    (package / "static" / "dot.png").write_bytes(png())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-shiny\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[amber.plugins]\nshiny = amber_shiny\n")
    return site


def switch(amber: Running, enabled: bool) -> None:
    """Switch it, and wait until every process has."""
    word = f"plugin shiny is {'running' if enabled else 'switched off'}"
    before = amber.log().count(word)
    assert amber.api.put("/plugins/shiny", json={"enabled": enabled}).status_code == 200
    wait_until(lambda: amber.log().count(word) >= before + 2)


def holds(page: Page, what: str) -> None:
    """See that a piece of the plugin is shown: with its style, its picture and its script, and what it said as text."""
    said = page.locator(".shiny .said-by-plugin")
    assert said.inner_text() == what
    assert said.evaluate("one => getComputedStyle(one).textDecorationLine") == "underline"
    assert page.get_by_role("img", name="A dot").evaluate("one => one.decode().then(() => one.naturalWidth)") == 2
    assert page.evaluate("document.documentElement.dataset.shiny") == "ran"
    page.get_by_role("button", name="Press").click()
    assert page.evaluate("window.ran") is None, "what is written into a page runs nothing"
    assert said.evaluate("one => getComputedStyle(one).color") != "rgb(1, 2, 3)"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def refusals(desk: Desk) -> list[str]:
    """What the browser refused to run or to apply since this was last asked; anything else is a complaint still."""
    refused = [one for one in desk.complaints if "Content Security Policy" in one]
    desk.complaints[:] = [one for one in desk.complaints if one not in refused]
    return refused


def test_a_plugins_page_tab_slot_and_files_come_and_go_with_it(
    start: Callable[..., Running], desk: Desk, site: Path
) -> None:
    amber = start(toml="[plugins.shiny]\nisolation = 'inline'\n", environment={"PYTHONPATH": str(site)})
    children = amber.children()
    issue = send(amber, lambda scope: sentry_sdk.capture_message(TITLE))
    switch(amber, True)
    page = desk.page(amber, f"/issues/{issue}")
    holds(page, TITLE)
    page.get_by_role("navigation", name="FIRST-1").get_by_role("link", name="Shine").click()
    page.wait_for_url(f"**/issues/{issue}/pages/shiny/tab")
    assert page.get_by_role("heading", level=1).inner_text() == TITLE
    holds(page, TITLE)
    page.goto(f"{amber.url}/pages/shiny/show?q=<script>window.ran=1</script>")
    holds(page, "<script>window.ran=1</script>")
    refused = " ".join(refusals(desk)).lower()
    assert [kind for kind in ("inline script", "inline event handler", "inline style") if kind not in refused] == []
    files = [
        str(one)
        for one in page.eval_on_selector_all(
            ".shiny [src], link[href*=shiny]", "every => every.map(one => one.src || one.href)"
        )
    ]
    answers = {path.rpartition("/")[2].partition("?")[0]: page.request.get(path) for path in files}
    assert {name: answer.headers["content-type"].partition(";")[0] for name, answer in answers.items()} == FILES
    assert {answer.headers["content-security-policy"].rpartition("; ")[2] for answer in answers.values()} == {"sandbox"}

    switch(amber, False)
    gone = [f"{amber.url}/pages/shiny/show", f"{amber.url}/issues/{issue}/pages/shiny/tab", *files]
    assert {page.request.get(path).status for path in gone} == {404}
    page.goto(f"{amber.url}/issues/{issue}")
    assert (page.locator(".shiny").count(), page.get_by_role("link", name="Shin").count()) == (0, 0)
    switch(amber, True)
    page.goto(f"{amber.url}/issues/{issue}/pages/shiny/tab")
    holds(page, TITLE)
    assert refusals(desk)
    assert amber.children() == children, "nothing was started anew"


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_just_done_is_said_beside_what_it_was_done_to(amber: Running, desk: Desk, width: int) -> None:
    page = desk.page(amber, viewport={"width": width, "height": 600})
    for path in ("/plugins?done=on#release", "/organisation/plugins?done=settings#limits"):
        page.goto(amber.url + path)
        covers = "said => said.bottom > document.querySelector(':target').getBoundingClientRect().top"
        assert page.evaluate("scrollY") > 0, "it was jumped to"
        assert not page.get_by_role("status").evaluate(f"one => ({covers})(one.getBoundingClientRect())")
    page.goto(f"{amber.url}/plugins#release")
    assert page.locator("#release").get_by_text("amber-enrichment").is_visible(), "unfolded"
