"""The event store on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import Engine, Row, Select, Table, select

from amber.model import Attachment, EventSummary, Feedback, GroupedEvent, Neighbours, Page, StoredEvent
from amber_storage.sql import schema
from amber_storage.sql.adding import EventAdditions
from amber_storage.sql.bodies import dictionary_of, unpacked
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order, as_page, page_of
from amber_storage.sql.dictionaries import Dictionaries
from amber_storage.sql.event_rows import prepared, write_rows
from amber_storage.sql.groupings import groupings_of
from amber_storage.sql.learning import Learner
from amber_storage.sql.neighbours import neighbours_of
from amber_storage.sql.retention_events import EventRetention
from amber_storage.sql.transactions import Transactions, border, insert_new

EVENT_ORDER = Order("events", schema.events.c.received_at, schema.events.c.number)
FEEDBACK_ORDER = Order("feedback", schema.feedback.c.received_at, schema.feedback.c.number)
WHOLE = (
    select(schema.events, schema.groupings.c.key, schema.groupings.c.grouping.label("reason"))
    .join(schema.event_ids, schema.event_ids.c.number == schema.events.c.number)
    .join(schema.groupings, schema.groupings.c.id == schema.events.c.grouping)
)


class SqlEventStore(EventRetention, EventAdditions):
    """Events, attachments and feedback in tables; see `amber.model.EventStore` for what each method promises."""

    def __init__(self, engine: Engine) -> None:
        self._database = Transactions(engine)
        self._dictionaries = Dictionaries(self._database)
        self._learner = Learner(self._database, self._dictionaries)

    def write_events(self, events: Sequence[GroupedEvent]) -> frozenset[tuple[int, str]]:
        """Keep these events in one transaction; one known by (project, event id) stays as it was. Which were known."""
        if not events:
            return frozenset()
        projects = {grouped.event.project for grouped in events}
        used = self._dictionaries.newest(projects)
        with border():  # packed before the transaction begins, which on SQLite holds up every other writer
            batch = prepared(events, {project: one.ready for project, one in used.items() if one.ready})
        with self._database.writing(projects) as connection:
            self._dictionaries.check(connection, used)
            numbers, known = write_rows(connection, batch)
        self._learner.watch(numbers)
        return frozenset((project, id.hex()) for project, id in known)

    def get_event(self, project: int, event_id: str) -> StoredEvent | None:
        """The whole event, or None."""
        here = (schema.event_ids.c.project == project) & (schema.event_ids.c.event_id == event_id)
        with self._database.reading() as connection:
            row = connection.execute(WHOLE.where(here)).one_or_none()
            if row is None:
                return None
            dictionary = self._dictionaries.ready(connection, dictionary_of(row.body))
        return _stored_event(row, unpacked(row.body, dictionary))

    def list_events(self, project: int, keys: Sequence[str], cursor: str = "", limit: int = 50) -> Page[EventSummary]:
        """Events with one of these grouping keys, newest received first."""
        with self._database.reading() as connection:
            matching = events_of(groupings_of(connection, project, keys))
            rows = connection.execute(page_of(matching, EVENT_ORDER, cursor, limit)).all()
        return as_page(rows, EVENT_ORDER, EventSummary, limit)

    def neighbours(self, project: int, keys: Sequence[str], event_id: str) -> Neighbours:
        """The events before and after this one among those with these grouping keys; empty where it is not known."""
        with self._database.reading() as connection:
            return neighbours_of(connection, project, keys, event_id)

    def write_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Keep these attachments, keyed by their id."""
        self._write(schema.attachments, [structs.asdict(each) for each in attachments])

    def list_attachments(self, project: int, event_id: str) -> tuple[Attachment, ...]:
        """The attachments of one event, in the order they came."""
        mine = (schema.attachments.c.project == project) & (schema.attachments.c.event_id == event_id)
        found = select(*fields(schema.attachments, Attachment)).where(mine).order_by(schema.attachments.c.number)
        with self._database.reading() as connection:
            return tuple(Attachment(*row) for row in connection.execute(found))

    def write_feedback(self, entries: Sequence[Feedback]) -> None:
        """Keep what people wrote, keyed by (project, id)."""
        self._write(schema.feedback, [structs.asdict(entry) for entry in entries])

    def list_feedback(self, project: int, event_id: str = "", cursor: str = "", limit: int = 50) -> Page[Feedback]:
        """Feedback of a project, or of one event, newest first."""
        matching = select(*fields(schema.feedback, Feedback)).where(schema.feedback.c.project == project)
        if event_id:
            matching = matching.where(schema.feedback.c.event_id == event_id)
        with self._database.reading() as connection:
            rows = connection.execute(page_of(matching, FEEDBACK_ORDER, cursor, limit)).all()
        return as_page(rows, FEEDBACK_ORDER, Feedback, limit)

    def _write(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        # The lock spares two workers that hold the same rows the deadlock of inserting them in different order.
        with self._database.writing({row["project"] for row in rows}) as connection:
            connection.execute(insert_new(connection, table), rows)


def events_of(groupings: Sequence[int]) -> Select[Any]:
    """A SELECT of the events with one of these groupings, as lines of a list, in no order yet."""
    column = schema.events.c.grouping
    # One grouping is asked for by `=`, so that its index gives the order as well.
    mine = column == groupings[0] if len(groupings) == 1 else column.in_(groupings)
    return select(*fields(schema.events, EventSummary)).where(mine)


def _stored_event(row: Row[Any], data: Mapping[str, Any]) -> StoredEvent:
    known = [name for name in StoredEvent.__struct_fields__ if name not in ("data", "grouping")]
    values = {name: row._mapping[name] for name in known}
    return StoredEvent(**values, data=data, grouping=row.reason)
