"""A database of an earlier version becomes one of this version, with all that is in it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest.mock import ANY

import pytest
import zstandard
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from amber.model import Applied, Batch, Member, StoredEvent, Token, User
from amber.testing.databases import open_database
from amber.testing.stores import NOON, audit, event
from amber_storage import sql
from amber_storage.sql import schema
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

VERSIONS = Path(str(sql.__file__)).parent / "migrations" / "versions"
HOUR = int(NOON // 3600)
PEOPLE = ((3, 1, "ann", "owner"), (4, 1, "bob", "member"), (7, 2, "cid", "owner"), (8, 1, "dan", "owner"))
"""Id, organisation, name and role of the users that were there; ids are not without gaps."""

BODY = zstandard.compress(b'{"platform":"python"}')
GROUPINGS = [{"key": f"k{number}", "grouping": json.dumps({"key": f"k{number}"})} for number in range(2)]
EVENTLESS = "f" * 32
"""An event that was counted, and is not there."""


def fill(engine: Engine) -> None:
    """What a database of revision 0001 may hold."""
    user = (
        "INSERT INTO users (id, organisation, email, email_folded, name, role, password_hash, created_at) "
        "VALUES (:id, :organisation, :email, :email, :name, :role, 'hash', :at)"
    )
    token = (
        "INSERT INTO tokens (id, organisation, project, digest, name, hint, scopes, created_at, last_used_at) "
        "VALUES (:id, 1, :project, :digest, 'ci', 'abcd', :scopes, :at, :at)"
    )
    stored = (
        'INSERT INTO events (project, event_id, key, timestamp, received_at, level, release, environment, "user", '
        "title, culprit, grouping, body) VALUES (1, :id, :key, :at, 9e9, '', '', '', '', '', '', :grouping, :body)"
    )
    with engine.begin() as connection:
        for id, slug in ((1, "acme"), (2, "other")):
            make = "INSERT INTO organisations (id, slug, name, created_at) VALUES (:id, :slug, 'Name', 1)"
            connection.execute(text(make), {"id": id, "slug": slug})
        connection.execute(text("INSERT INTO projects VALUES (1, 1, 'shop', 'Shop', '', '{}', 1, 0)"))
        for id, organisation, name, role in PEOPLE:
            place = {"id": id, "organisation": organisation, "role": role}
            connection.execute(text(user), {**place, "email": f"{name}@example.org", "name": name, "at": NOON + id})
        connection.execute(text("INSERT INTO teams VALUES (5, 1, 'core', 'Core', 1)"))
        connection.execute(text('INSERT INTO team_members (team, "user") VALUES (5, 3), (5, 4)'))
        for id, project in ((2, 1), (6, None)):
            values = {"id": id, "project": project, "digest": b"d%d" % id, "scopes": json.dumps(["project:read"])}
            connection.execute(text(token), {**values, "at": NOON})
        for number, at in enumerate((NOON - 3600, NOON, NOON + 1, NOON + 3590)):
            id = f"{number:032x}"
            connection.execute(text(stored), {"id": id, "at": at, **GROUPINGS[number % 2], "body": BODY})
            connection.execute(text("INSERT INTO event_ids (project, event_id, issue) VALUES (1, :id, 9)"), {"id": id})
        connection.execute(text(f"INSERT INTO event_ids (project, event_id, issue) VALUES (1, '{EVENTLESS}', 9)"))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    made: str = request.getfixturevalue("postgres_url")
    return made


@pytest.fixture
def moved(url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database that was made and filled at revision 0001, and brought up to date."""
    first = ModuleType("sql")
    first.__file__ = str(tmp_path / "sql" / "__init__.py")
    versions = tmp_path / "sql" / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(VERSIONS / "0001_tables.py", versions)
    shutil.copy(Path(str(sql.__file__)).with_name("plugin.toml"), tmp_path / "sql")
    old = open_database(url, first)
    fill(old)
    old.dispose()
    engine = open_database(url, sql)
    yield engine
    engine.dispose()


def test_users_keep_all_but_their_place(moved: Engine) -> None:
    directory = SqlDirectory(moved)
    for id, organisation, name, role in PEOPLE:
        is_first_owner = organisation == 1 and role == "owner"
        user = User(id, f"{name}@example.org", name, "hash", NOON + id, is_superuser=is_first_owner)
        assert directory.user(id) == directory.user_by_email(user.email.upper()) == user


def test_users_find_their_place_and_their_team(moved: Engine) -> None:
    directory = SqlDirectory(moved)
    for organisation in (1, 2):
        places = [(member.user.id, member.role, member.joined_at) for member in directory.members(organisation)]
        assert places == [(id, role, NOON + id) for id, home, _, role in PEOPLE if home == organisation]
    assert [user.name for user in directory.team_members(5)] == ["ann", "bob"]
    assert [team.slug for team in directory.teams(1)] == ["core"]


def test_tokens_stay_as_they_were(moved: Engine) -> None:
    scopes = ("project:read",)
    assert SqlDirectory(moved).tokens(1) == (
        Token(2, 1, 1, "ci", "abcd", scopes, NOON, NOON),
        Token(6, 1, None, "ci", "abcd", scopes, NOON, NOON),
    )


def test_events_that_were_there_are_counted_by_the_hour(moved: Engine) -> None:
    assert SqlIssueStore(moved).histograms([9], HOUR - 2, HOUR + 2, 1) == {9: (0, 1, 2, 1)}


def test_events_stay_where_they_were(moved: Engine) -> None:
    store = SqlEventStore(moved)
    found = store.get_event(1, f"{2:032x}")
    assert found == StoredEvent(f"{2:032x}", 1, "k0", NOON + 1, 9e9, "", "", "", {"platform": "python"}, {"key": "k0"})
    listed = store.list_events(1, ["k0", "k1"]).items
    assert [each.event_id for each in listed] == [f"{number:032x}" for number in (3, 2, 1, 0)]
    assert len(store.list_events(1, ["k1"]).items) == 2
    assert store.neighbours(1, ["k1"], f"{1:032x}").newer == f"{3:032x}"
    assert store.get_event(1, EVENTLESS) is None


def test_events_that_were_counted_are_not_counted_again(moved: Engine) -> None:
    known = [event(1, "k0", id=id) for id in (*(f"{number:032x}" for number in range(4)), EVENTLESS)]
    new = event(1, "k0")
    events, issues = SqlEventStore(moved), SqlIssueStore(moved)
    events.write_events([*known, new])
    assert issues.apply(Batch(events=(*known, new))) == Applied(1, 5, ANY)
    assert len(events.list_events(1, ["k0", "k1"]).items) == 6


def test_the_moved_tables_are_those_of_the_schema(moved: Engine) -> None:
    with moved.connect() as connection:
        settings = {"version_table": "alembic_version_sql", "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=settings), schema.metadata) == []
        assert not connection.dialect.has_table(connection, "_alembic_tmp_users")


def test_a_moved_database_goes_on_working(moved: Engine) -> None:
    with moved.begin() as connection:
        connection.execute(text('DELETE FROM memberships WHERE "user" = 8'))
        connection.execute(text("DELETE FROM users WHERE id = 8"))  # an id that is never to be given again
        if moved.dialect.name == "postgresql":  # whose counters know nothing of the ids that `fill` chose
            connection.execute(text("SELECT setval('users_id_seq', 8)"))
    directory = SqlDirectory(moved)
    eve = directory.add_user(User(0, "eve@example.org", "Eve", "", NOON), audit())
    assert eve.id == 9
    assert directory.add_member(2, eve.id, "member", audit()) == Member(eve, 2, "member", NOON)
    directory.set_team_member(5, 4, False, audit())
    directory.change_member(1, 4, "owner", audit())
    directory.remove_member(1, 3, audit())
    assert directory.team_members(5) == ()
    assert [member.user.name for member in directory.members(1)] == ["bob"]
