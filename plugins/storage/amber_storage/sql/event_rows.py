"""Events as rows. What takes time is prepared before the transaction, which on SQLite holds up every other writer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection
from zstandard import ZstdCompressionDict

from amber.model import GroupedEvent
from amber_storage.sql.bodies import packed
from amber_storage.sql.bulk import ask, insertion, question, write
from amber_storage.sql.groupings import Name, ids_of, names_of
from amber_storage.sql.numbers import Identity, identity, new_numbers
from amber_storage.sql.schema import events

ADD = insertion(
    events,
    "number project event_id grouping timestamp received_at level release environment user title culprit body",
)


THERE = question([events.c.number], "SELECT number FROM given JOIN events USING (number)")


class Prepared(Struct, frozen=True):
    """Some events, and for each of them what is written of it."""

    events: Sequence[GroupedEvent]
    ids: Sequence[Identity]
    groupings: Sequence[Name]
    bodies: Sequence[bytes]

    def without(self, known: Iterable[Identity]) -> "Prepared":
        """The same but for these events, and the first alone of each id: other groupings would group nothing."""
        rows = list(zip(self.events, self.ids, self.groupings, self.bodies, strict=True))
        first = {row[1]: row for row in reversed(rows)}
        for id in known:
            del first[id]
        columns = tuple(zip(*(row for row in rows if first.get(row[1]) is row), strict=True))
        return Prepared(*columns) if columns else Prepared((), (), (), ())


def prepared(grouped: Sequence[GroupedEvent], dictionaries: Mapping[int, ZstdCompressionDict]) -> Prepared:
    """All of it that needs no transaction; bodies are packed with the dictionaries of their projects."""
    ids = [identity(each.event) for each in grouped]
    return Prepared(grouped, ids, names_of(grouped), packed((each.event for each in grouped), dictionaries))


def write_rows(connection: Connection, batch: Prepared) -> tuple[dict[Identity, int], list[Identity]]:
    """Keep these events; one that is kept already stays as it was. Their numbers, and which were kept already.

    The caller holds their projects.
    """
    numbers, known = new_numbers(connection, batch.ids)
    there = {number for (number,) in ask(connection, THERE, [(numbers[id],) for id in known])} if known else set()
    kept = [id for id in known if numbers[id] in there]
    new = batch.without(kept) if kept or len(numbers) < len(batch.ids) else batch
    groupings = ids_of(connection, new.events, new.groupings)
    parts = zip(new.ids, groupings, new.events, new.bodies, strict=True)
    write(connection, ADD, [_row(numbers[id], id, place, grouped, body) for id, place, grouped, body in parts])
    return numbers, kept


def _row(number: int, id: Identity, grouping: int, grouped: GroupedEvent, body: bytes) -> tuple[Any, ...]:
    event = grouped.event
    return (
        number,
        *id,
        grouping,
        event.timestamp,
        event.received_at,
        event.level,
        event.text("release"),
        event.text("environment"),
        event.user,
        grouped.title,
        grouped.culprit,
        body,
    )
