"""Events that may go, and the issues that end with them. Runs inside a transaction that holds the project."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, select, update

from amber.model import KNOWN_AFTER, EventPlace, LetGo
from amber_storage.sql.bulk import insertion, write
from amber_storage.sql.issue_rows import IssueRow, issues_by_key
from amber_storage.sql.numbers import numbers_of
from amber_storage.sql.schema import (
    counted_events,
    event_ids,
    gone_events,
    issue_facets,
    issue_hours,
    issue_keys,
    issue_users,
    issues,
)

LET_GO = insertion(gone_events, "number project gone_at")
NOTE = insertion(counted_events, "number issue")

NO_ISSUE = 0
"""The issue of an id that was never counted."""


class Known(Struct, frozen=True):
    """An event that was counted, and perhaps let go since."""

    number: int
    is_gone: bool


class Leave(Struct, frozen=True):
    """What goes: the events, how many each issue that lives on loses, and the issues that end."""

    events: Sequence[EventPlace]
    pruned: Mapping[int, int]
    ended: Sequence[int]


def let_go_events(
    connection: Connection, project: int, events: Sequence[EventPlace], at: float, may_end_issues: bool
) -> LetGo:
    """Do all that `amber.model.IssueStore.let_go` promises."""
    known = _known(connection, project, [each.event_id for each in events])
    counted = [each for each in events if each.event_id in known and not known[each.event_id].is_gone]
    strangers = [each for each in events if each.event_id not in known and each.received_at < at - KNOWN_AFTER]
    rows = issues_by_key(connection, [(project, key) for key in {each.key for each in counted}])
    leave = _leave(counted, {key: row for (_, key), row in rows.items()}, may_end_issues)
    numbers = [known[each.event_id].number for each in leave.events] + _numbered(connection, project, strangers)
    write(connection, LET_GO, [(number, project, at) for number in sorted(numbers)])
    _count(connection, leave.pruned)
    end_issues(connection, leave.ended)
    ids = [id for id, each in known.items() if each.is_gone]
    ids += [each.event_id for each in (*leave.events, *strangers)]
    return LetGo(tuple(ids), events=len(leave.events), issues=len(leave.ended))


def end_issues(connection: Connection, ids: Sequence[int]) -> None:
    """Take issues out with all that is counted about them; their events, and what the audit log tells, are no part."""
    if not ids:
        return
    for table in (issue_keys, issue_users, issue_facets, issue_hours):
        connection.execute(delete(table).where(table.c.issue.in_(ids)))
    connection.execute(delete(issues).where(issues.c.id.in_(ids)))


def _known(connection: Connection, project: int, ids: Sequence[str]) -> dict[str, Known]:
    """Those of these events that were counted, by their ids."""
    found = (
        select(event_ids.c.event_id, event_ids.c.number, gone_events.c.number.is_not(None))
        .join(counted_events, counted_events.c.number == event_ids.c.number)
        .outerjoin(gone_events, gone_events.c.number == event_ids.c.number)
        .where(event_ids.c.project == project, event_ids.c.event_id.in_(ids))
    )
    return {id: Known(number, is_gone) for id, number, is_gone in connection.execute(found)}


def _leave(counted: Sequence[EventPlace], rows: Mapping[str, IssueRow], may_end_issues: bool) -> Leave:
    """Who of the counted goes. Candidates come oldest first: where all of an issue's go, the last one is its newest."""
    by_issue: dict[int, list[EventPlace]] = {}
    for each in (each for each in counted if each.key in rows):
        by_issue.setdefault(rows[each.key].id, []).append(each)
    events = [each for each in counted if each.key not in rows]  # sent twice with two keys, and counted under the other
    pruned: dict[int, int] = {}
    ended: list[int] = []
    for row in {row.id: row for row in rows.values()}.values():
        mine = by_issue[row.id]
        is_last = len(mine) >= row.count - row.pruned
        if is_last and may_end_issues and not _is_somebodys(row):
            ended.append(row.id)
        else:
            mine = mine[:-1] if is_last else mine
            pruned[row.id] = len(mine)
        events += mine
    return Leave(events, pruned, ended)


def _is_somebodys(row: IssueRow) -> bool:
    # What a person decided outlives automation: were an ignored issue to go, its next event would be news again.
    return bool(row.assignee) or row.status == "ignored"


def _numbered(connection: Connection, project: int, strangers: Sequence[EventPlace]) -> list[int]:
    """The numbers of events that nobody has counted; from now on they are known, so that nobody ever counts them."""
    numbers = numbers_of(connection, [(project, bytes.fromhex(each.event_id)) for each in strangers]).values()
    write(connection, NOTE, [(number, NO_ISSUE) for number in sorted(numbers)])
    return list(numbers)


def _count(connection: Connection, pruned: Mapping[int, int]) -> None:
    rows: list[dict[str, Any]] = [{"b_id": issue, "b_more": more} for issue, more in pruned.items() if more]
    if rows:
        grown = update(issues).where(issues.c.id == bindparam("b_id"))
        connection.execute(grown.values(pruned=issues.c.pruned + bindparam("b_more")), rows)
