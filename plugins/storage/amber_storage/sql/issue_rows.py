"""Issues as they are born and as they grow. Runs inside a transaction that holds the issues' projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, update

from amber.errors import Reject
from amber_storage.sql.bulk import ask, change, insertion, question, write
from amber_storage.sql.columns import fields
from amber_storage.sql.schema import issue_keys, issues, projects
from amber_storage.sql.short_ids import short_id
from amber_storage.sql.tally import Tally

Pair = tuple[int, str]
"""A project and a grouping key."""


class IssueRow(Struct, frozen=True):
    """What one needs to know of an issue whose events come or go."""

    id: int
    project: int
    short_id: str
    title: str
    culprit: str
    level: str
    status: str
    assignee: str
    count: int
    pruned: int
    users: int
    first_seen: float
    last_seen: float
    first_release: str
    last_release: str
    last_release_at: float | None
    regressed_at: float | None


ROW = fields(issues, IssueRow)
WANTED = ", ".join(f"issues.{column.name}" for column in ROW)
FOUND = "FROM given JOIN issue_keys USING (project, key) JOIN issues ON issues.id = issue_keys.issue"
FIND = question([issue_keys.c.project, issue_keys.c.key], " ".join(("SELECT given.key,", WANTED, FOUND)))
GROWING = "count users first_seen last_seen first_release last_release last_release_at status regressed_at"
GROW = change(issues, "id", GROWING)
NOTE_KEY = insertion(issue_keys, "project key issue", "")


def issues_by_key(connection: Connection, keys: Sequence[Pair]) -> dict[Pair, IssueRow]:
    """The issues that events with these (project, grouping key) belong to; a key nobody has seen is missing."""
    rows = ((key, IssueRow(*row)) for key, *row in ask(connection, FIND, keys))
    return {(row.project, key): row for key, row in rows}


def grow_issues(connection: Connection, rows: Mapping[int, IssueRow], news: Mapping[int, tuple[Tally, int]]) -> None:
    """Write down what became of these issues: for each its tally and how many of the users are new to it."""
    write(connection, GROW, [(issue, *grown(rows[issue], *news[issue])) for issue in sorted(news)])


def grown(row: IssueRow, news: Tally, new_users: int) -> tuple[Any, ...]:
    """An issue after these events, as `GROWING` says: counts grow, times widen, a resolved one is unresolved again."""
    known, told = row.last_release_at, news.last_release_at
    is_newer = told is not None and (known is None or told >= known)
    has_regressed = row.status == "resolved"
    return (
        row.count + news.count,
        row.users + new_users,
        min(row.first_seen, news.first_seen),
        max(row.last_seen, news.last_seen),
        row.first_release or news.first_release,
        news.last_release if is_newer else row.last_release,
        told if is_newer else known,
        "unresolved" if has_regressed else row.status,
        news.trigger.event.received_at if has_regressed else row.regressed_at,
    )


def create_issues(connection: Connection, tallies: Mapping[Pair, Tally]) -> list[tuple[Tally, IssueRow]]:
    """Make an issue for each of these keys, numbered in the order in which they first happened."""
    by_project: dict[int, list[tuple[str, Tally]]] = {}
    for (project, key), news in sorted(tallies.items(), key=lambda pair: (pair[0][0], pair[1].first_seen, pair[0][1])):
        by_project.setdefault(project, []).append((key, news))
    values: list[dict[str, Any]] = []
    for project, born in by_project.items():
        slug, start = _take_numbers(connection, project, len(born))
        values += [_new_row(news, short_id(slug, start + place)) for place, (_, news) in enumerate(born)]
    if not values:
        return []
    found = [IssueRow(*row) for row in connection.execute(insert(issues).returning(*ROW), values)]
    rows = {(row.project, row.short_id): row for row in found}
    made = [
        (key, news, rows[value["project"], value["short_id"]])
        for (key, news), value in zip((pair for born in by_project.values() for pair in born), values, strict=True)
    ]
    write(connection, NOTE_KEY, [(row.project, key, row.id) for key, _, row in made])
    return [(news, row) for _, news, row in made]


def _take_numbers(connection: Connection, project: int, how_many: int) -> tuple[str, int]:
    """The project's slug and the first of `how_many` numbers that nobody else will get."""
    taken = projects.c.last_number + how_many
    statement = update(projects).where(projects.c.id == project).values(last_number=taken)
    row = connection.execute(statement.returning(projects.c.slug, projects.c.last_number)).one_or_none()
    if row is None:
        raise Reject(f"project {project} does not exist", status=404)
    return row.slug, row.last_number - how_many + 1


def _new_row(news: Tally, name: str) -> dict[str, Any]:
    first = news.first
    return {
        "project": first.event.project,
        "short_id": name,
        "title": first.title,
        "culprit": first.culprit,
        "level": first.event.level,
        "status": "unresolved",
        "platform": first.event.text("platform"),
        "count": news.count,
        "users": len(news.users),
        "first_seen": news.first_seen,
        "last_seen": news.last_seen,
        "first_release": news.first_release,
        "last_release": news.last_release,
        "last_release_at": news.last_release_at,
        "assignee": "",
        "regressed_at": None,
        "search": searchable(first.title, first.culprit, name),
    }


def searchable(*texts: str) -> str:
    """Texts as they are searched in: case does not matter, in any script, on any database."""
    return "\n".join(texts).casefold()
