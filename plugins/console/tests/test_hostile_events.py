from html.parser import HTMLParser
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from amber.model import Issue, Project, StoredEvent
from amber_console.home.event_view import event_view
from amber_console.home.pages import Pages

KNOWN = {"html", "head", "meta", "title", "link", "body", "header", "main", "footer", "section", "div", "aside"}
KNOWN |= {"a", "span", "h1", "h2", "p", "b", "bdi", "code", "pre", "time", "ol", "li", "dl", "dt", "dd"}
KNOWN |= {"details", "summary"}
ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}<!--</title></textarea>javascript:alert(1)"
texts = st.one_of(st.just(ATTACK), st.text(alphabet=st.characters()))
words = st.one_of(st.none(), texts, st.integers(), st.booleans())
bags = st.one_of(st.none(), st.dictionaries(texts, words, max_size=2))
frames = st.fixed_dictionaries(
    {},
    optional={
        "function": words,
        "filename": texts,
        "lineno": st.one_of(st.none(), st.integers()),
        "in_app": st.one_of(st.none(), st.booleans()),
        "pre_context": st.one_of(st.none(), st.lists(st.one_of(st.none(), texts), max_size=2)),
        "context_line": st.one_of(st.none(), texts),
        "post_context": st.one_of(st.none(), st.lists(texts, max_size=2)),
        "vars": bags,
    },
)
stacks = st.one_of(st.none(), st.fixed_dictionaries({"frames": st.lists(st.one_of(st.none(), frames), max_size=3)}))
exceptions = st.fixed_dictionaries({}, optional={"type": words, "value": words, "module": words, "stacktrace": stacks})
crumbs = st.fixed_dictionaries({}, optional={"timestamp": words, "category": words, "message": words, "data": bags})
pairs = st.one_of(bags, st.lists(st.tuples(texts, words), max_size=2))
bodies = st.fixed_dictionaries(
    {},
    optional={
        "exception": st.fixed_dictionaries({"values": st.lists(st.one_of(st.none(), exceptions), max_size=2)}),
        "breadcrumbs": st.fixed_dictionaries({"values": st.lists(st.one_of(st.none(), crumbs), max_size=2)}),
        "logentry": st.one_of(st.none(), st.fixed_dictionaries({"formatted": words})),
        "tags": pairs,
        "user": bags,
        "contexts": st.one_of(st.none(), st.dictionaries(texts, bags, max_size=2)),
        "request": st.one_of(
            st.none(), st.fixed_dictionaries({"url": words, "query_string": pairs, "headers": pairs, "data": bags})
        ),
        "release": words,
        "sdk": bags,
    },
)


class Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


class Looker:
    name = ATTACK


def drawn(text: str, data: dict[str, Any]) -> Elements:
    issue = Issue(1, 1, "SHOP-1", text, text, "error", "unresolved", "python", 1, 0, 0.0, 0.0, text, text, text, 1.0)
    grouping = {"summary": text, "mechanism": text, "version": 1}
    event = StoredEvent("0" * 32, 1, "aa", 0.0, 0.0, text, text, "error", data, grouping)
    project = Project(1, 1, "shop", text, "python", 0.0)
    page = Pages(lambda: 10.0).draw("issue", visitor=Looker(), issue=issue, project=project, event=event_view(event))
    return Elements(bytes(page.content).decode())


@given(texts, bodies)
def test_nothing_an_event_holds_becomes_markup(text: str, data: dict[str, Any]) -> None:
    found = drawn(text, data)
    assert found.names <= KNOWN
    assert found.attributes <= {
        "lang", "charset", "name", "content", "rel", "href", "class", "datetime", "title", "open"
    }  # fmt: skip
    assert all(link.startswith(("/", "data:,")) for link in found.links)


def test_an_attack_is_shown_as_the_text_it_is() -> None:
    data = {"exception": {"values": [{"type": ATTACK, "value": ATTACK}]}, "tags": [[ATTACK, ATTACK]]}
    found = drawn(ATTACK, data)
    assert "script" not in found.names
    assert "img" not in found.names


def test_a_large_event_is_drawn_whole() -> None:
    frame = {"function": "f", "filename": "a.py", "lineno": 5, "in_app": True, "context_line": "x" * 4000}
    data = {"exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame] * 250}}]}}
    assert "details" in drawn("E", msgspec.json.decode(msgspec.json.encode(data))).names
