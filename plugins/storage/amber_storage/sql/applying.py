"""One batch, applied. Runs inside a transaction that holds the batch's projects, so what it reads stays true."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from amber.model import Applied, Batch, Fact, GroupedEvent, OutcomeCount
from amber_storage.sql.bulk import ask, insertion, question, write
from amber_storage.sql.counting import add_outcomes, count_facets, count_hours, count_users
from amber_storage.sql.issue_rows import IssueRow, Pair, create_issues, grow_issues, issues_by_key
from amber_storage.sql.marks import claim_marks
from amber_storage.sql.numbers import identity, new_numbers
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import counted_events, event_ids
from amber_storage.sql.tally import Tally, outcome_counts, tally

SEEN = question(
    [event_ids.c.project, event_ids.c.event_id],
    "SELECT given.project, given.event_id, event_ids.number, counted_events.number IS NOT NULL, "
    "gone_events.number IS NOT NULL FROM given JOIN event_ids USING (project, event_id) "
    "LEFT JOIN counted_events ON counted_events.number = event_ids.number "
    "LEFT JOIN gone_events ON gone_events.number = counted_events.number",
)
NOTE = insertion(counted_events, "number issue")


def projects_of(batch: Batch) -> set[int]:
    """The projects whose rows applying the batch touches."""
    return {grouped.event.project for grouped in batch.events} | {count.project for count in batch.outcomes}


def apply_batch(connection: Connection, batch: Batch, now: float) -> Applied:
    """Do all that `amber.model.IssueStore.apply` promises."""
    claim_marks(connection, batch.marks)
    numbered, repeated, gone = _split(connection, batch.events)
    fresh = list(numbered.values())
    if fresh:
        issue_of, facts = _count_events(connection, fresh, now)
        write(connection, NOTE, [(number, issue_of[_pair(grouped)]) for number, grouped in numbered.items()])
        add_facts(connection, facts)
    counts = outcome_counts(fresh, repeated, batch.outcomes)
    add_outcomes(connection, counts)
    added = (
        OutcomeCount(project, category, outcome, reason, quantity, hour)
        for (project, hour, category, outcome, reason), quantity in counts.items()
    )
    return Applied(stored=len(fresh), repeated=len(repeated), outcomes=tuple(added), gone=tuple(gone))


def _split(
    connection: Connection, events: Sequence[GroupedEvent]
) -> tuple[dict[int, GroupedEvent], list[GroupedEvent], list[Pair]]:
    """The events never seen before, by their numbers; the others; and which of these were let go.

    The second of two in one batch is a repeat.
    """
    ids = [identity(grouped.event) for grouped in events]
    seen = {(project, bytes(id)): rest for project, id, *rest in ask(connection, SEEN, list(dict.fromkeys(ids)))}
    numbers = {id: number for id, (number, _, _) in seen.items()}
    numbers |= new_numbers(connection, (id for id in ids if id not in seen))[0]
    known = {number for number, is_counted, _ in seen.values() if is_counted}
    fresh: dict[int, GroupedEvent] = {}
    repeated: list[GroupedEvent] = []
    for id, grouped in zip(ids, events, strict=True):
        if numbers[id] in known:
            repeated.append(grouped)
        else:
            fresh[numbers[id]] = grouped
            known.add(numbers[id])
    gone = [(project, id.hex()) for (project, id), (_, _, is_gone) in seen.items() if is_gone]
    return fresh, repeated, gone


def _count_events(
    connection: Connection, fresh: Sequence[GroupedEvent], now: float
) -> tuple[dict[Pair, int], list[Fact]]:
    """Count each event to its issue; which that is for each key, and the facts that follow."""
    by_key: dict[Pair, list[GroupedEvent]] = {}
    for grouped in fresh:
        by_key.setdefault(_pair(grouped), []).append(grouped)
    known = issues_by_key(connection, list(by_key))
    born = create_issues(connection, {key: tally(events) for key, events in by_key.items() if key not in known})
    grown, rows = _by_issue(fresh, known)
    tallies = grown | {row.id: news for news, row in born}
    new_users = count_users(connection, tallies)
    grow_issues(connection, rows, {issue: (news, new_users[issue]) for issue, news in grown.items()})
    count_facets(connection, tallies)
    count_hours(connection, tallies)
    issue_of = {key: row.id for key, row in known.items()}
    issue_of |= {(row.project, news.first.grouping.key): row.id for news, row in born}
    facts = [new_fact("issue.created", row.project, now, _about(row, news.first)) for news, row in born]
    facts += [_regressed(rows[issue], news, now) for issue, news in grown.items() if rows[issue].status == "resolved"]
    return issue_of, facts + _stored(fresh, issue_of, now)


def _pair(grouped: GroupedEvent) -> Pair:
    return grouped.event.project, grouped.grouping.key


def _by_issue(
    fresh: Sequence[GroupedEvent], known: dict[Pair, IssueRow]
) -> tuple[dict[int, Tally], dict[int, IssueRow]]:
    """The tallies and rows of issues that exist; several keys may belong to one issue."""
    events: dict[int, list[GroupedEvent]] = {}
    for grouped in fresh:
        if row := known.get(_pair(grouped)):
            events.setdefault(row.id, []).append(grouped)
    return {issue: tally(mine) for issue, mine in events.items()}, {row.id: row for row in known.values()}


def _about(row: IssueRow, grouped: GroupedEvent) -> dict[str, Any]:
    return {
        "issue_id": str(row.id),
        "short_id": row.short_id,
        "title": row.title,
        "culprit": row.culprit,
        "level": row.level,
        "event_id": grouped.event.id,
        "project_id": str(row.project),
    }


def _regressed(row: IssueRow, news: Tally, now: float) -> Fact:
    data = {**_about(row, news.trigger), "regressed_at": news.trigger.event.received_at}
    return new_fact("issue.regressed", row.project, now, data)


def _stored(fresh: Sequence[GroupedEvent], issue_of: dict[Pair, int], now: float) -> list[Fact]:
    """One `events.stored` for each project."""
    issues: dict[int, list[int]] = {}
    for grouped in fresh:
        project = grouped.event.project
        issues.setdefault(project, []).append(issue_of[_pair(grouped)])
    return [
        new_fact("events.stored", project, now, {"count": len(mine), "issue_ids": [str(i) for i in sorted(set(mine))]})
        for project, mine in issues.items()
    ]
