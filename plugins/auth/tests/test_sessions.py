import logging
from collections.abc import Callable
from typing import Any

import pytest

from amber import Context
from amber.errors import Unavailable
from amber.model import AuditEntry, AuthRequest, Directory, Principal, Session, User, reach, token_digest
from amber_auth import sessions

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
DAY = 86_400.0
NOON = 1_700_000_000.0
COOKIE = "__Host-amber_session"
Person = Callable[..., User]
Ask = Callable[..., Principal | None]
At = Callable[[float], None]


@pytest.fixture
def ctx(contexts: Callable[[str], Context[Any]], at: At) -> Context[Any]:
    at(NOON)
    return contexts("sessions")


@pytest.fixture
def ask(ctx: Context[Any]) -> Ask:
    def ask(secret: str = "s3cret", key: str = "") -> Principal | None:
        headers = {"cookie": f"{COOKIE}={secret}"}
        return sessions.authenticate(AuthRequest("GET", "/issues", headers, "192.0.2.1", key=key), ctx)

    return ask


@pytest.fixture
def session(directory: Directory) -> Callable[[User], Session]:
    def session(who: User) -> Session:
        wanted = Session(0, who.id, 1, NOON, NOON, NOON + 14 * DAY, "192.0.2.1", "test")
        return directory.add_session(wanted, token_digest("s3cret"), AUDIT)

    return session


def test_the_cookie_says_who_it_is(ask: Ask, person: Person, session: Callable[[User], Session]) -> None:
    ann = person("ann")
    stay = session(ann)
    found = ask()
    assert found is not None
    assert (found.kind, found.id, found.name, found.organisation) == ("user", str(ann.id), "Ann", 1)
    assert (found.session, found.projects) == (stay.id, None)


@pytest.mark.parametrize(
    ("role", "is_superuser", "widest"),
    [
        ("member", False, "project:triage"),
        ("admin", False, "org:admin"),
        ("owner", False, "org:owner"),
        ("member", True, "admin"),
    ],
)
def test_a_role_decides_what_a_person_may_do(
    ask: Ask, person: Person, session: Callable[[User], Session], role: str, is_superuser: bool, widest: str
) -> None:
    session(person("ann", role, is_superuser=is_superuser))
    found = ask()
    assert found is not None
    assert reach(found.scopes) == reach({widest})


@pytest.mark.parametrize("secret", ["", "wrong", "s3cret2", "\udcff"])
def test_a_cookie_nobody_made_is_nobody(
    ask: Ask, person: Person, session: Callable[[User], Session], secret: str
) -> None:
    session(person("ann"))
    assert ask(secret) is None


def test_ingest_is_left_to_the_keys(ask: Ask, person: Person, session: Callable[[User], Session]) -> None:
    session(person("ann"))
    assert ask(key="0" * 32) is None


def test_only_a_digest_of_the_secret_is_kept(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory
) -> None:
    assert "s3cret" not in repr(session(person("ann")))
    assert ask(token_digest("s3cret").hex()) is None


def test_a_session_goes_on_while_it_is_used(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory, at: At
) -> None:
    session(person("ann"))
    for day in range(13, 90, 13):
        at(NOON + day * DAY)
        assert ask() is not None, day
    at(NOON + 90 * DAY)
    assert ask() is None


def test_a_session_nobody_used_is_over(ask: Ask, person: Person, session: Callable[[User], Session], at: At) -> None:
    session(person("ann"))
    at(NOON + 14 * DAY)
    assert ask() is None


def test_a_configuration_made_stricter_counts_for_older_sessions(
    ctx: Context[Any],
    ask: Ask,
    person: Person,
    session: Callable[[User], Session],
    at: At,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session(person("ann"))
    monkeypatch.setattr(ctx, "config", sessions.Config(idle_days=1))
    at(NOON + 0.9 * DAY)
    assert ask() is not None
    at(NOON + 2 * DAY)
    assert ask() is None


def test_the_use_of_a_session_is_noted_once_a_minute(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory, at: At
) -> None:
    ann = person("ann")
    session(ann)
    used = []
    for now in (NOON + 59, NOON + 61, NOON + 100, NOON + 122):
        at(now)
        ask()
        used.append(directory.sessions(ann.id)[0].last_used_at - NOON)
    assert used == [0, 61, 61, 122]


def test_a_use_that_cannot_be_noted_turns_nobody_away(
    ask: Ask,
    person: Person,
    session: Callable[[User], Session],
    directory: Directory,
    at: At,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the database is busy")

    session(person("ann"))
    at(NOON + 100)
    monkeypatch.setattr(directory, "touch_session", away)
    with caplog.at_level(logging.WARNING):
        assert ask() is not None
    assert "the database is busy" in caplog.text


def test_a_session_ended_while_it_is_looked_at_is_over(
    ask: Ask,
    person: Person,
    session: Callable[[User], Session],
    directory: Directory,
    at: At,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stay = session(person("ann"))
    at(NOON + 100)
    monkeypatch.setattr(directory, "session", lambda _: stay)
    directory.end_session(stay.id, AUDIT)
    assert ask() is None


def test_an_ended_session_is_over_at_once(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory
) -> None:
    stay = session(person("ann"))
    assert ask() is not None
    directory.end_session(stay.id, AUDIT)
    assert ask() is None


def test_who_lost_their_place_is_nobody_at_once(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory
) -> None:
    person("owen", "owner")
    ann = person("ann")
    session(ann)
    assert ask() is not None
    directory.remove_member(1, ann.id, AUDIT)
    assert ask() is None


def test_a_session_left_behind_by_a_lost_place_is_worth_nothing(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(person("ann"))
    monkeypatch.setattr(directory, "memberships", lambda _: ())
    assert ask() is None


def test_a_changed_role_counts_at_once(
    ask: Ask, person: Person, session: Callable[[User], Session], directory: Directory
) -> None:
    person("owen", "owner")
    ann = person("ann", "admin")
    session(ann)
    directory.change_member(1, ann.id, "member", AUDIT)
    found = ask()
    assert found is not None
    assert found.scopes == {"project:triage"}
