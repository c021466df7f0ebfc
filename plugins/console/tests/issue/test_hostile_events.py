"""Whatever an event holds, the page shows it as the text it is."""

from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import Attachment, Facet, Feedback, Fragment, Issue, Neighbours, Principal, Project, StoredEvent
from amber_console.home.added.slots import Piece
from amber_console.home.assets import Assets
from amber_console.home.issue.activity import deeds
from amber_console.home.issue.desk import Surroundings
from amber_console.home.issue.event_view import event_view
from amber_console.home.issue.handlers import SLOTS
from amber_console.home.issue.head import head_of
from amber_console.home.issue.histogram import histogram
from amber_console.home.issue.plain import plain_stack
from amber_console.home.issue.shares import spreads
from amber_console.home.pages import Pages
from amber_console.home.people import Names

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}<!--</title></textarea>javascript:alert(1)"
PAGES = Pages(lambda: 10.0, Assets())
texts = st.one_of(st.just(ATTACK), st.text(alphabet=st.characters(), max_size=20))
words = st.one_of(st.none(), texts, st.integers(), st.booleans())
bags = st.one_of(words, st.dictionaries(texts, words, max_size=2), st.lists(words, max_size=2))
frames = st.dictionaries(
    st.sampled_from(
        ["function", "filename", "abs_path", "module", "package", "lineno", "colno", "in_app", "context_line", "trust",
         "pre_context", "post_context", "vars", "instruction_addr"]
    ),
    bags,
)  # fmt: skip
stacks = st.one_of(bags, st.fixed_dictionaries({"frames": st.lists(st.one_of(st.none(), frames), max_size=3)}))
mechanisms = st.one_of(
    bags,
    st.dictionaries(
        st.sampled_from(["type", "handled", "exception_id", "parent_id", "source", "meta", "data", "help_link"]), bags
    ),
)
exceptions = st.fixed_dictionaries(
    {}, optional={"type": bags, "value": bags, "module": bags, "stacktrace": stacks, "mechanism": mechanisms}
)
lists = st.one_of(bags, st.fixed_dictionaries({"values": st.lists(st.one_of(st.none(), exceptions), max_size=3)}))
named = st.dictionaries(
    st.sampled_from(
        ["id", "name", "timestamp", "category", "type", "level", "message", "data", "url", "method", "query_string",
         "headers", "cookies", "env", "effective-directive", "original-policy", "images", "packages", "formatted"]
    ),
    bags,
)  # fmt: skip
crumbs = st.one_of(bags, st.fixed_dictionaries({"values": st.lists(named, max_size=14)}))
bodies = st.fixed_dictionaries(
    {},
    optional={
        "exception": lists,
        "threads": lists,
        "stacktrace": stacks,
        "breadcrumbs": crumbs,
        "contexts": st.one_of(bags, st.dictionaries(texts, bags, max_size=2)),
        "additions": st.dictionaries(texts, st.fixed_dictionaries({"tags": bags, "links": bags, "contexts": bags})),
        **{field: st.one_of(bags, named) for field in ("logentry", "request", "csp", "sdk", "debug_meta", "user")},
        **{field: bags for field in ("tags", "extra", "modules", "errors", "release", "environment", "transaction")},
    },
)


class Elements(HTMLParser):
    """Every element, attribute and link of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.links: list[dict[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names.add(tag)
        self.attributes |= given.keys()
        if tag == "script":
            self.scripts.append(given.get("src", ""))
        if tag == "a":
            self.links.append(given)


def visitor(name: str) -> Any:
    here = SimpleNamespace(id=1, slug="acme", name=name)
    return SimpleNamespace(
        paused=(), pages=lambda *about: [],
        name=name, email=name, user=None, member=None, projects={}, organisation=here, organisations=(here,),
        organisation_id=1, is_superuser=False, may=lambda scope: True, principal=Principal("user", "1"), path="/",
    )  # fmt: skip


def drawn(text: str, data: dict[str, Any]) -> Elements:
    issue = Issue(1, 1, "SHOP-1", text, text, "error", "unresolved", text, 1, 0, 0.0, 0.0, text, text, text, 1.0)
    grouping = {"summary": text, "mechanism": "exception", "version": 1, "key": text, "parts": [["function", text]]}
    event = event_view(StoredEvent("0" * 32, 1, "aa", 0.0, 0.0, text, text, "error", data, grouping))
    html = PAGES.draw(
        "issue/page",
        visitor=visitor(text),
        issue=issue,
        project=Project(1, 1, "shop", text, "python", 0.0),
        here="/issues/1",
        head=head_of(issue, (), Names((), ()), 10.0),
        deeds=deeds(issue, (), Names((), ())),
        around=Surroundings(histogram((1, 2), 0), spreads((Facet("release", text, 1, 0.0),))),
        event=event,
        plain=plain_stack(event),
        beside=Neighbours("1" * 32, "2" * 32, "1" * 32, "2" * 32),
        attachments=(Attachment("a1", 1, "0" * 32, text, text, text, 5, "", 0.0),),
        slots={slot: [Piece(text, Fragment(text))] for slot in SLOTS},
        feedback=(Feedback("1", 1, "0" * 32, text, text, text, 0.0),),
    )
    return Elements(bytes(html.content).decode())


PLAIN = drawn("E: no", {"exception": {"values": [{"type": "E"}]}})
FOUND_ONLY_SOMETIMES = {
    "pre", "blockquote", "details", "summary", "h3", "ol", "ul", "li", "dl", "dt", "dd", "code", "b", "time", "div"
}  # fmt: skip


@settings(deadline=None)
@given(texts, bodies)
def test_nothing_an_event_holds_becomes_markup(text: str, data: dict[str, Any]) -> None:
    found = drawn(text, data)
    assert found.names - FOUND_ONLY_SOMETIMES <= PLAIN.names
    assert found.attributes <= PLAIN.attributes | {"open", "aria-current", "aria-pressed", "aria-label", "role"} | {
        "data-frames", "datetime", "title"
    }  # fmt: skip
    assert found.scripts == PLAIN.scripts
    assert not [name for name in found.attributes if name.startswith("on") or name == "style"]
    for link in found.links:
        is_ours = link["href"].startswith(("/", "#")) and not link["href"].startswith("//")
        assert is_ours or (link["href"].startswith(("http://", "https://")) and link["rel"] == "noreferrer noopener")


def test_an_attack_is_shown_as_the_text_it_is() -> None:
    frame = {"function": ATTACK, "filename": ATTACK, "context_line": ATTACK, "vars": {ATTACK: ATTACK}, "in_app": True}
    data = {
        "exception": {"values": [{"type": ATTACK, "value": ATTACK, "stacktrace": {"frames": [frame]}}]},
        "tags": [[ATTACK, ATTACK]],
        "request": {"url": "javascript:alert(1)", "method": "GET"},
        "additions": {ATTACK: {"links": [[ATTACK, "javascript:alert(1)"]]}},
    }
    found = drawn(ATTACK, data)
    assert found.scripts == PLAIN.scripts
    assert "img" not in found.names
    assert not [one for one in found.links if "javascript" in one["href"].partition("?")[0].partition("attachments")[0]]


def test_a_large_event_is_drawn_whole() -> None:
    frame = {"function": "f", "filename": "a.py", "lineno": 5, "in_app": True, "context_line": "x" * 4000}
    data = {"exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame] * 250}}]}}
    assert "details" in drawn("E", msgspec.json.decode(msgspec.json.encode(data))).names


def test_groups_as_deep_as_an_event_can_hold_are_drawn() -> None:
    values = [
        {"type": "G", "mechanism": {"exception_id": at, "parent_id": at - 1 if at else None, "source": "exceptions[0]"}}
        for at in range(2000)
    ]
    assert "ol" in drawn("E", {"exception": {"values": values}}).names
