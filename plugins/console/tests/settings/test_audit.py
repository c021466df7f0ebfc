"""The audit log in words."""

from typing import Any

import pytest

from amber.model import AuditEntry
from amber_console.home.settings.audit_words import Change, Register

BARE = Register({}, {})


def entry(action: str, subject: str, **given: Any) -> AuditEntry:
    return AuditEntry(1, given.pop("actor", "user:1"), action, subject, 1.0, **given)


def test_the_page_names_who_did_what_and_shows_the_difference(acme: Any, send: Any) -> None:
    browser, mia = acme.browser(), acme.joined("mia", "member").user
    send(browser, f"/people/{mia.id}/role", role="admin")
    page = browser.get("/audit").text
    assert "<b>Ann</b> changed the role of <b>Mia</b>" in page
    assert "<del>member</del> → <ins>admin</ins>" in page


def test_the_log_is_read_a_page_at_a_time(acme: Any) -> None:
    for number in range(120):
        change = AuditEntry(acme.organisation.id, "cli", "issue.change", f"issue:{number}", 1.0)
        acme.directory.note_change(change)
    browser, seen, path, pages = acme.browser(), "", "/audit", 0
    while path:
        text = browser.get(path).text
        seen, pages = seen + text, pages + 1
        path = text.partition('href="/audit?cursor=')[2].partition('"')[0].replace("&amp;", "&")
        path = f"/audit?cursor={path}" if path else ""
    assert pages == 3
    assert all(f'href="/issues/{number}">issue {number}<' in seen for number in range(120))
    assert "The command line" in seen


def test_one_subject_is_looked_at_alone(acme: Any, send: Any) -> None:
    browser = acme.browser()
    send(browser, "/projects", name="Web", platform="go")
    send(browser, "/people/teams", team="Checkout")
    page = browser.get("/audit?subject=team:1").text
    assert "made the team" in page
    assert "made the project" not in page
    empty = browser.get("/audit?subject=issue:999").text
    assert "Nothing about that" in empty
    assert 'value="issue:999"' in empty


def test_a_cursor_nobody_gave_out_is_refused(acme: Any) -> None:
    assert acme.browser().get("/audit?cursor=nonsense").status_code == 400


def test_what_others_did_is_not_here(acme: Any, other: Any, send: Any) -> None:
    send(other.browser(), "/people/teams", team="Top secret team")
    assert "Top secret team" not in acme.browser().get("/audit").text


def test_keys_and_targets_have_their_names(acme: Any, send: Any, target: Any) -> None:
    browser = acme.browser()
    key = acme.directory.keys(acme.project.id)[0]
    send(browser, f"/projects/shop/keys/{key.id}", active="off")
    send(browser, f"/projects/shop/notifications/{target.id}/switch", enabled="off")
    page = browser.get("/audit").text
    assert "switched the key <b>first key</b>" in page
    assert "changed the target <b>Ops chat</b>" in page


@pytest.mark.parametrize(
    ("change", "who", "deed", "what", "link"),
    [
        (entry("issue.change", "issue:7"), "Ann", "changed", "issue 7", "/issues/7"),
        (entry("plugin.switch", "plugin:sql"), "Ann", "switched the plugin", "sql", "/plugins#sql"),
        (entry("team.change", "team:2"), "Ann", "renamed the team", "Checkout", "/people/teams/checkout"),
        (entry("token.revoke", "token:9", before={"name": "old"}), "Ann", "revoked the token", "old", ""),
        (entry("strange.deed", "thing"), "Ann", "strange deed", "thing", ""),
        (entry("session.create", "session:4", actor="token:5"), "The token deploys", "logged in", "", ""),
        (entry("key.create", "key:8", actor="user:99"), "user:99", "made the key", "key 8", ""),
        (entry("user.create", "user:1", actor="first start"), "The first start", "made the account", "Ann", ""),
    ],
)
def test_ids_become_names(change: AuditEntry, who: str, deed: str, what: str, link: str) -> None:
    names = {"user:1": "Ann", "team:2": "Checkout", "token:5": "deploys"}
    line = Register(names, {"team:2": "/people/teams/checkout"}).line(change)
    assert (line.who, line.deed, line.what, line.link) == (who, deed, what, link)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"role": "member"}, {"role": "admin"}, [Change("role", "member", "admin")]),
        ({"on": True, "same": 1}, {"on": False, "same": 1}, [Change("on", "yes", "no")]),
        ({"settings": {}}, {"settings": {"domains": ["a", "b"]}}, [Change("domains", "", "a, b")]),
        ({"x": 1}, {"x": None}, [Change("x", "1", "")]),
        ({"gone": "all of it"}, {}, []),
        ({"s": "•••"}, {"s": "•••"}, []),
        ({}, {"secret": "•••", "is_on": True, "kinds": ["a"]}, [Change("kinds", "", "a")]),
        ({}, {"long": "x" * 999}, [Change("long", "", "x" * 200)]),
        ({}, {"deep": {"deeper": {"x": 1.5}}}, [Change("x", "", "1.5")]),
        ({}, {"project": 3, "user_agent": "curl"}, [Change("project", "", "Shop")]),
    ],
)
def test_only_what_differs_is_shown(before: Any, after: Any, changes: list[Change]) -> None:
    names = {"project:3": "Shop"}
    assert Register(names, {}).line(entry("a.b", "c", before=before, after=after)).changes == changes


def test_a_name_that_leads_a_line_is_not_repeated_below_it() -> None:
    assert BARE.line(entry("team.create", "team:1", after={"name": "Checkout"})).changes == []
    renamed = BARE.line(entry("team.change", "team:1", before={"name": "Old"}, after={"name": "New"}))
    assert (renamed.what, renamed.changes) == ("New", [Change("name", "Old", "New")])
