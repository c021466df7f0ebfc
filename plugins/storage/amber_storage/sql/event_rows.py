"""Events as rows. What takes time is prepared before the transaction, which on SQLite holds up every other writer."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection
from zstandard import ZstdCompressionDict

from amber.model import GroupedEvent
from amber_storage.sql.bodies import packed
from amber_storage.sql.bulk import insertion, write
from amber_storage.sql.groupings import Content, contents, ids_of
from amber_storage.sql.numbers import Identity, identity, new_numbers
from amber_storage.sql.schema import events

ADD = insertion(
    events,
    "number project event_id grouping timestamp received_at level release environment user title culprit body",
)


class Prepared(Struct, frozen=True):
    """Some events, and for each of them what is written of it."""

    events: Sequence[GroupedEvent]
    ids: Sequence[Identity]
    groupings: Sequence[Content]
    bodies: Sequence[bytes]


def prepared(grouped: Sequence[GroupedEvent], dictionaries: Mapping[int, ZstdCompressionDict]) -> Prepared:
    """All of it that needs no transaction; bodies are packed with the dictionaries of their projects."""
    ids = [identity(each.event) for each in grouped]
    return Prepared(grouped, ids, contents(grouped), packed((each.event for each in grouped), dictionaries))


def write_rows(connection: Connection, batch: Prepared) -> dict[Identity, int]:
    """Keep these events; one that is known stays as it was. Their numbers. The caller holds their projects."""
    numbers = new_numbers(connection, batch.ids)
    groupings = ids_of(connection, batch.events, batch.groupings)
    parts = zip(batch.ids, groupings, batch.events, batch.bodies, strict=True)
    write(connection, ADD, [_row(numbers[id], id, place, grouped, body) for id, place, grouped, body in parts])
    return numbers


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
