"""What plugins put into the console's own pages."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amber.model import Fragment, IssueQuery, Subject
from amber_console.home.added.markup import fault_of

Guest = Callable[..., Path]


@pytest.fixture
def issue(acme: Any) -> str:
    """The page of an issue with one event."""
    acme.happened(1)
    [known] = acme.stores.issues.list_issues(IssueQuery((acme.project.id,))).items
    return f"/issues/{known.id}"


@pytest.mark.parametrize("slot", ["issue.sidebar", "event.after"])
def test_a_piece_stands_on_the_page_of_an_issue(acme: Any, guest: Guest, issue: str, slot: str) -> None:
    def piece(slot: str, subject: Subject, principal: Any) -> Fragment | None:
        assert subject.issue is not None
        assert subject.event is not None
        return Fragment(f"<i> in {slot} for {principal.kind} about {subject.project.slug}")

    guest(ui_slot=piece)
    text = acme.browser().get(issue).text
    assert f'<div class="slot" data-plugin="guest">&lt;i&gt; in {slot} for user about shop</div>' in text


def test_a_piece_stands_below_the_settings_of_a_project(acme: Any, guest: Guest) -> None:
    guest(ui_slot=lambda slot, subject: Fragment(f"{slot} of {subject.project.slug}"))
    assert "project.settings of shop" in acme.browser().get("/projects/shop").text


def test_the_default_grouping_explains_itself_beside_the_event(acme: Any, issue: str) -> None:
    text = acme.browser().get(issue).text
    assert 'data-plugin="stack"' in text
    assert "same exception in the same function." in text


def failing(slot: str) -> Any:
    raise RuntimeError("no")


def hanging(slot: str) -> Any:
    time.sleep(3)


async def ending(slot: str) -> Any:
    raise SystemExit(1)


@pytest.mark.parametrize("piece", [failing, hanging, ending, lambda slot: "<b>", lambda slot: 7])
def test_a_plugin_that_misbehaves_in_a_slot_costs_nothing_but_itself(
    acme: Any, guest: Guest, issue: str, piece: Any
) -> None:
    guest(ui_slot=piece)
    answer = acme.browser().get(issue)
    assert answer.status_code == 200
    assert 'data-plugin="stack"' in answer.text
    assert 'data-plugin="guest"' not in answer.text


def test_a_piece_that_would_spoil_the_page_is_left_out(
    acme: Any, guest: Guest, issue: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = guest(ui_slot=lambda slot, ctx: ctx.render("a.html"))
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text("</aside></div>")
    assert 'data-plugin="guest"' not in acme.browser().get(issue).text
    assert "what plugin guest puts into issue.sidebar is left out" in caplog.text


class Markup(str):
    """HTML, as templates make it."""

    def __html__(self) -> str:
        return self


@pytest.mark.parametrize(
    "html",
    [
        "",
        "text",
        "<ul><li>a<li>b</ul>",
        "<p>a<p>b",
        "<br><input>",
        "<svg><path d='m'/></svg>",
        "<table><tr><td></table>",
    ],
)
def test_html_that_is_whole_is_drawn(html: str) -> None:
    assert fault_of(Fragment(Markup(html))) == ""


@pytest.mark.parametrize("html", ["<div>", "</div>", "<ul><li></div></ul>", "<iframe></iframe>", "<dl><p></dl></p>"])
def test_html_that_is_not_is_refused_with_the_reason(html: str) -> None:
    assert fault_of(Fragment(Markup(html)))
