"""The sentence, the people in it, and what was done."""

from typing import Any

import pytest
from msgspec import structs

from amber.model import AuditEntry, Issue, Member, Team, Token, User
from amber_console.home.issue.activity import deeds
from amber_console.home.issue.head import Clause, head_of
from amber_console.home.people import Choice, Names

NOON = 1_700_000_000.0
DAY = 86_400.0
ANN, BOB = User(1, "ann@a.test", "Ann", "", NOON), User(2, "bob@a.test", "", "", NOON)
NAMES = Names(
    [Member(ANN, 1, "owner", NOON), Member(BOB, 1, "member", NOON)],
    [Team(1, 1, "checkout", "Checkout", NOON)],
    [Token(5, 1, None, "deploys", "", (), NOON), Token(6, 1, None, "", "", (), NOON)],
)
KNOWN = Issue(
    1,
    1,
    "SHOP-1",
    "E: no",
    "f",
    "error",
    "unresolved",
    "python",
    1204,
    212,
    NOON - 3 * DAY,
    NOON - 240,
    "2.2.0",
    "2.3.1",
)


def log(actor: str = "user:1", at: float = NOON, **after: Any) -> AuditEntry:
    return AuditEntry(1, actor, "issue.change", "issue:1", at, after=after)


def said(*entries: AuditEntry, **changes: Any) -> list[str]:
    shown = head_of(structs.replace(KNOWN, **changes), entries, NAMES, NOON)
    return [_words(one) for one in shown.sentence]


def _words(one: Clause) -> str:
    ago = "" if one.at is None else f"{NOON - one.at:.0f}s"
    return " ".join(word for word in (one.words, ago, one.after) if word)


def test_the_sentence_says_how_often_for_whom_and_since_when() -> None:
    assert said() == [
        "Unresolved",
        "1,204 events",
        "212 users",
        "first seen 259200s in 2.2.0",
        "last seen 240s in 2.3.1",
    ]


def test_what_came_back_says_when() -> None:
    assert said(regressed_at=NOON - 60)[0] == "Regressed 60s"


def test_what_is_new_says_so_first_and_not_again() -> None:
    assert said(first_seen=NOON - 600, first_release="", users=1, count=2) == [
        "New, first seen 600s",
        "2 events",
        "1 user",
        "last seen 240s in 2.3.1",
    ]


def test_what_happened_once_was_not_seen_first_and_last() -> None:
    assert said(count=1, users=0) == ["Unresolved", "1 event", "seen 240s in 2.3.1"]
    assert said(count=1, users=0, first_seen=NOON - 240, first_release="2.3.1") == [
        "New, first seen 240s in 2.3.1",
        "1 event",
    ]


def test_what_is_done_names_who_did_it_where_that_is_known() -> None:
    entries = (log(at=NOON - 5, assignee="x"), log("user:2", NOON - 9, status="resolved"), log(status="ignored"))
    assert said(*entries, status="resolved")[0] == "Resolved 9s by bob@a.test"
    assert said(status="ignored")[0] == "Ignored"


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("user:1", "Ann"),
        ("user:9", "Somebody who left"),
        ("token:5", "The token deploys"),
        ("token:6", "A token"),
        ("token:7", "A token"),
        ("cli", "The command line"),
        ("system:issues", "Amber"),
        ("user:x", "user:x"),
    ],
)
def test_actors_have_names(actor: str, name: str) -> None:
    assert NAMES.actor(actor) == name


def test_an_issue_can_be_given_to_each_member_and_each_team() -> None:
    shown = head_of(structs.replace(KNOWN, assignee="team:checkout"), (), NAMES, NOON)
    assert shown.people == (Choice("ann@a.test", "Ann"), Choice("bob@a.test", "bob@a.test"))
    assert shown.teams == (Choice("team:checkout", "Checkout"),)
    assert shown.holder == "Checkout"


def test_an_assignee_nobody_knows_any_more_keeps_the_name_that_is_stored() -> None:
    assert head_of(structs.replace(KNOWN, assignee="eve@a.test"), (), NAMES, NOON).holder == "eve@a.test"


def test_deeds_are_told_newest_first_between_what_happened() -> None:
    entries = (
        log(at=NOON - 10, status="resolved", assignee="ann@a.test"),
        log("cli", NOON - 20, assignee=""),
        log("token:5", NOON - 30, status="unresolved"),
        log(at=NOON - 40, title="x"),
    )
    shown = deeds(structs.replace(KNOWN, regressed_at=NOON - 25), entries, NAMES)
    assert [f"{one.who} {one.what}".strip() for one in shown] == [
        "Ann resolved this and assigned this to Ann",
        "The command line unassigned this",
        "Seen again after it was resolved",
        "The token deploys reopened this",
        "First seen",
    ]
