"""`amber.testing.audit` sees what is wrong, and nothing else."""

import pytest
from sqlalchemy import Engine, text

from amber.model import Batch, EventPlace
from amber.testing.audit import discrepancies
from amber.testing.stores import NOON, event, new_project
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

FAULTS = {
    "UPDATE issues SET count = count + 1": "issue 1 counts 4 events and let 1 go, but 2 are there",
    "UPDATE issues SET pruned = count": "issue 1 has no event",
    "UPDATE issues SET users = 7": "issue 1 counts 7 users, but 1 are known",
    "UPDATE issue_hours SET count = count + 1": "issue 1 counts 3 events, but its hours 4",
    "DELETE FROM issue_keys": "issue 1 has no key",
    "DELETE FROM events": "event number 2 is counted, but not there",
    "DELETE FROM counted_events": "event number 2 of project 1 is there, but not counted",
    "DELETE FROM gone_events": "issue 1 counts 3 events and let 1 go, but 3 are noted and not gone",
    "DELETE FROM event_ids": "event number 2 of project 1 has no id",
    "DELETE FROM groupings": "event number 2 of project 1 has no grouping",
    "UPDATE events SET grouping = 99": "grouping 1 of project 1 groups nothing",
    "UPDATE issue_users SET issue = 99": "users of issue 99 are counted, which is not there",
    "UPDATE issue_facets SET issue = 99": "releases of issue 99 are counted, which is not there",
    "UPDATE issue_hours SET issue = 99": "hours of issue 99 are counted, which is not there",
    "INSERT INTO gone_events SELECT number, 1, 1 FROM events": "event number 2 of project 1 is there, but was let go",
}
"""What may go wrong, and what is told of it."""


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """A database with an issue that has let an event go."""
    project = new_project(SqlDirectory(engine)).id
    made = [event(project, "key", NOON + at, user={"id": "5"}, release="1.0") for at in range(3)]
    events, issues = SqlEventStore(engine), SqlIssueStore(engine)
    events.write_events(made)
    issues.apply(Batch(events=tuple(made)))
    place = EventPlace(made[0].event.id, "key", NOON)
    events.delete_events(project, issues.let_go(project, [place], NOON + 9, may_end_issues=True).ids)
    return engine


def test_what_agrees_is_left_alone(filled: Engine) -> None:
    assert discrepancies(filled) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_agree_is_told(filled: Engine, fault: str) -> None:
    with filled.begin() as connection:
        connection.execute(text(fault))
    assert FAULTS[fault] in discrepancies(filled)
