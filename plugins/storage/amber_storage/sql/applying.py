"""One batch, applied. Runs inside a transaction that holds the batch's projects, so what it reads stays true."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from amber.model import Applied, Batch, Fact, GroupedEvent, OutcomeCount
from amber_storage.sql.counting import add_outcomes, count_facets, count_hours, count_users
from amber_storage.sql.given import Pair, pairs
from amber_storage.sql.issue_rows import create_issues, grow_issues, issues_by_key
from amber_storage.sql.marks import claim_marks
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import event_ids
from amber_storage.sql.tally import Tally, outcome_counts, tally


def projects_of(batch: Batch) -> set[int]:
    """The projects whose rows applying the batch touches."""
    return {grouped.event.project for grouped in batch.events} | {count.project for count in batch.outcomes}


def apply_batch(connection: Connection, batch: Batch, now: float) -> Applied:
    """Do all that `amber.model.IssueStore.apply` promises."""
    claim_marks(connection, batch.marks)
    fresh, repeated = _split(connection, batch.events)
    if fresh:
        add_facts(connection, _count_events(connection, fresh, now))
    counts = outcome_counts(fresh, repeated, batch.outcomes)
    add_outcomes(connection, counts)
    added = (
        OutcomeCount(project, category, outcome, reason, quantity, hour)
        for (project, hour, category, outcome, reason), quantity in counts.items()
    )
    return Applied(stored=len(fresh), repeated=len(repeated), outcomes=tuple(added))


def _split(connection: Connection, events: Sequence[GroupedEvent]) -> tuple[list[GroupedEvent], list[GroupedEvent]]:
    """The events never seen before, and the others; one that stands in the batch twice is a repeat the second time."""
    given, project, event_id = pairs(connection, ((grouped.event.project, grouped.event.id) for grouped in events))
    here = (event_ids.c.project == project) & (event_ids.c.event_id == event_id)
    found = select(event_ids.c.project, event_ids.c.event_id).select_from(given).join(event_ids, here)
    known = {(project, event_id) for project, event_id in connection.execute(found)} if events else set()
    fresh: list[GroupedEvent] = []
    repeated: list[GroupedEvent] = []
    for grouped in events:
        identity = grouped.event.project, grouped.event.id
        (repeated if identity in known else fresh).append(grouped)
        known.add(identity)
    return fresh, repeated


def _count_events(connection: Connection, fresh: Sequence[GroupedEvent], now: float) -> list[Fact]:
    """Count each event to its issue; the facts that follow."""
    by_key: dict[Pair, list[GroupedEvent]] = {}
    for grouped in fresh:
        by_key.setdefault((grouped.event.project, grouped.grouping.key), []).append(grouped)
    known = issues_by_key(connection, list(by_key))
    born = create_issues(connection, {key: tally(events) for key, events in by_key.items() if key not in known})
    grown, rows = _by_issue(fresh, known)
    tallies = grown | {row["id"]: news for news, row in born}
    new_users = count_users(connection, tallies)
    grow_issues(connection, rows, {issue: (news, new_users[issue]) for issue, news in grown.items()})
    count_facets(connection, tallies)
    count_hours(connection, tallies)
    issue_of = {key: row["id"] for key, row in known.items()}
    issue_of |= {(row["project"], news.first.grouping.key): row["id"] for news, row in born}
    _note_ids(connection, fresh, issue_of)
    facts = [new_fact("issue.created", row["project"], now, _about(row, news.first)) for news, row in born]
    facts += [
        _regressed(rows[issue], news, now) for issue, news in grown.items() if rows[issue]["status"] == "resolved"
    ]
    return facts + _stored(fresh, issue_of, now)


def _by_issue(
    fresh: Sequence[GroupedEvent], known: dict[Pair, RowMapping]
) -> tuple[dict[int, Tally], dict[int, RowMapping]]:
    """The tallies and rows of issues that exist; several keys may belong to one issue."""
    events: dict[int, list[GroupedEvent]] = {}
    for grouped in fresh:
        if row := known.get((grouped.event.project, grouped.grouping.key)):
            events.setdefault(row["id"], []).append(grouped)
    return {issue: tally(mine) for issue, mine in events.items()}, {row["id"]: row for row in known.values()}


def _note_ids(connection: Connection, fresh: Sequence[GroupedEvent], issue_of: dict[Pair, int]) -> None:
    rows = [
        {
            "project": grouped.event.project,
            "event_id": grouped.event.id,
            "issue": issue_of[grouped.event.project, grouped.grouping.key],
        }
        for grouped in fresh
    ]
    connection.execute(insert(event_ids), rows)


def _about(row: RowMapping, grouped: GroupedEvent) -> dict[str, Any]:
    return {
        "issue_id": str(row["id"]),
        "short_id": row["short_id"],
        "title": row["title"],
        "culprit": row["culprit"],
        "level": row["level"],
        "event_id": grouped.event.id,
        "project_id": str(row["project"]),
    }


def _regressed(row: RowMapping, news: Tally, now: float) -> Fact:
    data = {**_about(row, news.trigger), "regressed_at": news.trigger.event.received_at}
    return new_fact("issue.regressed", row["project"], now, data)


def _stored(fresh: Sequence[GroupedEvent], issue_of: dict[Pair, int], now: float) -> list[Fact]:
    """One `events.stored` for each project."""
    issues: dict[int, list[int]] = {}
    for grouped in fresh:
        project = grouped.event.project
        issues.setdefault(project, []).append(issue_of[project, grouped.grouping.key])
    return [
        new_fact("events.stored", project, now, {"count": len(mine), "issue_ids": [str(i) for i in sorted(set(mine))]})
        for project, mine in issues.items()
    ]
