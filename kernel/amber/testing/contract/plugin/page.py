"""Pages and slots: shown to anybody who may see them, whatever is in the address, the form and the stores."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from html.parser import HTMLParser
from typing import Any

from msgspec.structs import replace

from amber.errors import Denied, Reject
from amber.model import (
    SCOPES,
    Batch,
    Download,
    Fragment,
    Issue,
    Principal,
    Project,
    Redirect,
    Shown,
    StoredEvent,
    UiPage,
    UiRequest,
)
from amber.model import Subject as About
from amber.testing.bench import Bench, as_it_is
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.events import PROJECT, platform_event
from amber.testing.stores import HOSTILE_TEXTS, NOON, event, grouping, new_project
from amber.testing.subject import Subject

MARK = "\"'><img src=x onerror=amberCanary()>"
LINK = "javascript:amberCanary()"
BASES = {"project": "/projects/p", "issue": "/issues/1"}
"""What the addresses of pages begin with that are about something."""
SLOTS = ("issue.sidebar", "event.after", "project.settings", "nobodys.slot")
ALIVE = re.compile(r"<img src=x onerror|(?:href|src|action|formaction)\s*=\s*[\"']?\s*javascript:", re.I)
"""What a browser would run of the marks."""
VOID = frozenset(["area", "br", "col", "embed", "hr", "img", "input", "link", "source", "track", "wbr"])
OPEN_ENDED = frozenset(["li", "p", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup"])
"""Elements that need no end of their own."""
EVERYTHING = Principal("user", "1", "Ann", organisation=1, scopes=frozenset(SCOPES))
VISITOR = replace(EVERYTHING, scopes=frozenset({"project:read"}))


TIMES: Mapping[str, Any] = {"first_seen": NOON, "last_seen": NOON}


class Balance(HTMLParser):
    """Finds elements that are left open, or closed without having been opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """An element begins."""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        """An element of SVG is whole."""

    def handle_endtag(self, tag: str) -> None:
        """An element ends, and with it those inside that need no end of their own."""
        while self.open and self.open[-1] != tag and self.open[-1] in OPEN_ENDED:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def left(self) -> list[str]:
        """The elements that are not in order."""
        return self.wrong + [tag for tag in self.open if tag not in OPEN_ENDED]


def checked(shown: Shown | None) -> None:
    """Hold what a page or a slot answered to what the console can draw."""
    if isinstance(shown, Redirect):
        is_ours = shown.path.startswith("/") and not shown.path.startswith(("//", "/\\"))
        assert is_ours, "redirect to a path on this site, such as request.path"
    elif isinstance(shown, Fragment):
        found = ALIVE.search(shown.html)
        assert found is None, f"this would run in the browser: make HTML with ctx.render alone ({found})"
        balance = Balance()
        balance.feed(shown.html)
        assert balance.left() == [], "close what you open, and nothing else, or it is not drawn"
    else:
        assert shown is None or isinstance(shown, Download), "answer a Fragment, a Redirect or a Download"


def told(project: int) -> Any:
    """An event all of whose words are marks."""
    data = platform_event(1, MARK, release=MARK, tags=[[MARK, MARK]], request={"url": LINK}, logger=MARK).data
    grouped = event(project, "k", id="1" * 32, **data)
    why = replace(grouping("k"), summary=MARK, parts=((MARK, MARK),))
    return replace(grouped, title=MARK, culprit=MARK, grouping=why)


def about(bench: Bench) -> About:
    """A project with an issue and an event, all of them hostile; kept in the stores where there are some."""
    made = told(PROJECT.id)
    project: Project = replace(PROJECT, name=MARK)
    if bench.subject.needs_stores:
        stores = bench.kernel.stores
        project = replace(new_project(stores.directory), name=MARK)
        made = told(project.id)
        stores.events.write_events([made])
        stores.issues.apply(Batch(events=(made,)))
    words: Any = {"title": MARK, "culprit": MARK, "level": "error"}
    issue = Issue(1, project.id, MARK, status="unresolved", platform=MARK, count=1, users=0, **words, **TIMES)
    why = {"mechanism": MARK, "version": 1, "key": "k", "summary": MARK, "parts": [[MARK, MARK]]}
    kept = StoredEvent("1" * 32, project.id, "k", NOON, NOON, data=dict(made.event.data), grouping=why, **words)
    return About(project.organisation, project, issue, kept)


def requests(page: UiPage, subject: About) -> Iterator[UiRequest]:
    """Looks at a page, and forms sent to it, by people who mean no good."""
    plain = UiRequest(EVERYTHING, subject.organisation, f"{BASES.get(page.place, '')}/pages/x/{page.slug}", NOON)
    plain = replace(plain, project=subject.project if page.place in BASES else None)
    plain = replace(plain, issue=subject.issue if page.place == "issue" else None)
    yield plain
    yield replace(plain, principal=VISITOR)
    for text in (MARK, LINK, *HOSTILE_TEXTS):
        names = dict.fromkeys(("q", "id", "done", "next", "saved", text), text)
        yield replace(plain, rest=(text,), query=names)
        if page.change:
            yield replace(plain, form={name: (value,) for name, value in names.items()}, query=names)


class PageContract(Contract):
    suite = "page"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it draws anything."""
        return not {"ui_pages", "ui_slot"}.isdisjoint(subject.hooks)

    @asked("ui_pages")
    def test_the_console_can_list_its_pages(self, bench: Bench) -> None:
        listed = bench.run(bench.kernel.services.kernel["pages"].listed())
        hint = "give each page a slug like my-page, one of the four places, an action and a `show`, each address once"
        assert listed.get(bench.subject.name), hint

    @asked("ui_pages")
    def test_pages_are_shown_whatever_is_asked_of_them(self, bench: Bench) -> None:
        subject = about(bench)
        for page in bench.ask("ui_pages"):
            for request in requests(page, subject):
                with suppress(Reject, Denied):  # they are answers too
                    call = partial(page.show, request, bench.ctx)
                    checked(bench.run(bench.kernel.dispatcher.call(bench.subject.name, "ui_pages", as_it_is, call)))

    @asked("ui_slot")
    def test_slots_are_filled_whatever_they_are_about(self, bench: Bench) -> None:
        whole = about(bench)
        subjects = [whole, replace(whole, event=None), replace(whole, event=None, issue=None)]
        for slot in SLOTS:
            for subject in subjects:
                for who in (EVERYTHING, VISITOR):
                    found = bench.ask("ui_slot", slot=slot, subject=subject, principal=who)
                    assert found is None or isinstance(found, Fragment), "answer a Fragment (ctx.render) or None"
                    checked(found)
