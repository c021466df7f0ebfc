"""What retention asks of the event store on SQL."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select

from amber.model import Attachment, EventPlace, Held, Page
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order, as_page, page_of
from amber_storage.sql.schema import attachments, event_ids, events, feedback, groupings
from amber_storage.sql.transactions import Transactions

OLDEST = Order("oldest", events.c.received_at, events.c.number, is_rising=True)
SPARE = 10
"""One page in so many may stay empty: the next events take it, without the file growing again."""
INCREMENTAL = 2


class EventRetention:
    """Deletes what is old and hands back its space; see `amber.model.EventStore` for what each method promises."""

    _database: Transactions

    def held(self, project: int, received_before: float) -> Held:
        """How many events of a project are kept."""
        table = events.c
        found = select(
            func.count(), func.count().filter(table.received_at < received_before), func.min(table.received_at)
        ).where(table.project == project)
        with self._database.reading() as connection:
            return Held(*connection.execute(found).one())

    def oldest_events(
        self, project: int, received_before: float, cursor: str = "", limit: int = 50, received_since: float = 0.0
    ) -> Page[EventPlace]:
        """Events received before then and not before `received_since`, oldest received first."""
        old = (
            select(events.c.event_id, groupings.c.key, events.c.received_at)
            .join(groupings, groupings.c.id == events.c.grouping)
            .where(events.c.project == project, events.c.received_at < received_before)
        )
        if received_since:
            old = old.where(events.c.received_at >= received_since)
        with self._database.reading() as connection:
            rows = connection.execute(page_of(old, OLDEST, cursor, limit)).all()
        return as_page(rows, OLDEST, EventPlace, limit)

    def attachments_of(self, project: int, ids: Sequence[str]) -> tuple[Attachment, ...]:
        """The attachments of these events, in no promised order."""
        mine = (attachments.c.project == project) & attachments.c.event_id.in_(ids)
        return self._attachments(select(*fields(attachments, Attachment)).where(mine))

    def delete_events(self, project: int, ids: Sequence[str]) -> None:
        """Forget these events and what is written of their attachments."""
        if not ids:
            return
        files = (attachments.c.project == project) & attachments.c.event_id.in_(ids)
        mine = (event_ids.c.project == project) & event_ids.c.event_id.in_(ids)
        with self._database.writing({project}) as connection:
            connection.execute(delete(attachments).where(files))
            found = select(events.c.number, events.c.grouping).join(event_ids, event_ids.c.number == events.c.number)
            rows = connection.execute(found.where(mine)).all()
            connection.execute(delete(events).where(events.c.number.in_([row.number for row in rows])))
            _forget_groupings(connection, {row.grouping for row in rows})

    def old_attachments(self, project: int, received_before: float, limit: int) -> tuple[Attachment, ...]:
        """Attachments received before then, oldest first."""
        table = attachments.c
        old = select(*fields(attachments, Attachment)).where(
            table.project == project, table.received_at < received_before
        )
        return self._attachments(old.order_by(table.received_at).limit(limit))

    def delete_attachments(self, ids: Sequence[str]) -> None:
        """Forget what is written of these attachments."""
        with self._database.writing() as connection:
            connection.execute(delete(attachments).where(attachments.c.id.in_(ids)))

    def delete_feedback(self, project: int, received_before: float, limit: int) -> int:
        """Forget up to `limit` entries received before then, oldest first; how many those were."""
        table = feedback.c
        old = select(table.number).where(table.project == project, table.received_at < received_before)
        with self._database.reading() as connection:
            numbers = connection.execute(old.order_by(table.received_at).limit(limit)).scalars().all()
        if numbers:
            with self._database.writing({project}) as connection:
                connection.execute(delete(feedback).where(table.number.in_(numbers)))
        return len(numbers)

    def give_back(self, most: int) -> bool:
        """Hand up to `most` empty pages back to the system; PostgreSQL's own autovacuum looks after its space."""
        with self._database.reading() as connection:
            spare = _spare_pages(connection)
        if spare > 0:
            with self._database.writing() as connection:
                for _ in range(min(most, spare)):  # Python's driver takes one step, which is one page, of a larger one
                    connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")
        return spare > most

    def _attachments(self, statement: Any) -> tuple[Attachment, ...]:
        with self._database.reading() as connection:
            return tuple(Attachment(*row) for row in connection.execute(statement))


def _forget_groupings(connection: Connection, ids: Collection[int]) -> None:
    """Take out those of these groupings that no event has any more."""
    used = exists().where(events.c.grouping == groupings.c.id)
    connection.execute(delete(groupings).where(groupings.c.id.in_(ids), ~used))


def _spare_pages(connection: Connection) -> int:
    """How many more pages are empty than may be, where the file can do without them."""
    if connection.dialect.name != "sqlite":
        return 0
    pages, empty, vacuum = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "auto_vacuum")
    )
    return empty - pages // SPARE if vacuum == INCREMENTAL else 0
