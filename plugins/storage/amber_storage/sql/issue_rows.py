"""Issues as they are born and as they grow. Runs inside a transaction that holds the issues' projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from amber.errors import Reject
from amber_storage.sql.given import Pair, pairs
from amber_storage.sql.schema import issue_keys, issues, projects
from amber_storage.sql.short_ids import short_id
from amber_storage.sql.tally import Tally, merged


def issues_by_key(connection: Connection, keys: Sequence[Pair]) -> dict[Pair, RowMapping]:
    """The issues that events with these (project, grouping key) belong to; a key nobody has seen is missing."""
    given, project, key = pairs(connection, keys)
    here = (issue_keys.c.project == project) & (issue_keys.c.key == key)
    found = (
        select(issue_keys.c.project.label("key_project"), issue_keys.c.key, issues)
        .select_from(given)
        .join(issue_keys, here)
        .join(issues, issues.c.id == issue_keys.c.issue)
    )
    return {(row["key_project"], row["key"]): row for row in connection.execute(found).mappings()}


def grow_issues(connection: Connection, rows: Mapping[int, RowMapping], news: Mapping[int, tuple[Tally, int]]) -> None:
    """Write down what became of these issues: for each its tally and how many of the users are new to it."""
    values = [{"b_id": issue, **merged(dict(rows[issue]), *news[issue])} for issue in sorted(news)]
    if values:
        columns: dict[str, Any] = {name: bindparam(name) for name in values[0] if name != "b_id"}
        connection.execute(update(issues).where(issues.c.id == bindparam("b_id")).values(columns), values)


def create_issues(connection: Connection, tallies: Mapping[Pair, Tally]) -> list[tuple[Tally, RowMapping]]:
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
    found = connection.execute(insert(issues).returning(issues), values).mappings()
    rows = {(row["project"], row["short_id"]): row for row in found}
    made = [
        (key, news, rows[value["project"], value["short_id"]])
        for (key, news), value in zip((pair for born in by_project.values() for pair in born), values, strict=True)
    ]
    connection.execute(
        insert(issue_keys), [{"project": row["project"], "key": key, "issue": row["id"]} for key, _, row in made]
    )
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
