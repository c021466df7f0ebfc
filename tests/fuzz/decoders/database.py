"""Cursors, which stores give out and everybody may send back."""

from collections.abc import Iterator
from contextlib import contextmanager

from amber.errors import Reject
from amber.model import Batch, IssueQuery
from amber.testing.databases import open_database
from amber.testing.stores import NOON, event, new_project
from amber_storage import sql
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

from .decoder import Decoder, Run, text_of


def decoders() -> list[Decoder]:
    """One for all cursors: they share their form."""
    return [Decoder("cursor", _cursor, (Reject,))]


@contextmanager
def _cursor() -> Iterator[Run]:
    engine = open_database("sqlite://", sql)
    project = new_project(SqlDirectory(engine)).id
    issues, events = SqlIssueStore(engine), SqlEventStore(engine)
    grouped = tuple(event(project, key, NOON + at) for at, key in enumerate("aabc"))
    events.write_events(grouped)
    issues.apply(Batch(events=grouped))

    def run(data: bytes) -> object:
        cursor = text_of(data)
        try:
            return issues.list_issues(IssueQuery((project,), sort="count", cursor=cursor, limit=1))
        except Reject:  # perhaps it is one of the other list
            return events.list_events(project, ["a"], cursor, 1)

    yield run
    engine.dispose()
