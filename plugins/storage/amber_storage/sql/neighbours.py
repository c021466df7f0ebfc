"""The events beside one event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from amber.model import Neighbours
from amber_storage.sql.schema import events

PLACE = (events.c.received_at, events.c.number)
"""What events are ordered by; with the project and one key in front it is an index."""


def neighbours_of(connection: Connection, project: int, keys: Sequence[str], event_id: str) -> Neighbours:
    """The events before and after this one, the first and the last; however many there are, few are read."""
    known = select(*PLACE).where(events.c.project == project, events.c.event_id == event_id, events.c.key.in_(keys))
    here = connection.execute(known).one_or_none()
    if here is None:
        return Neighbours()
    # Each key is asked for by itself, because the index gives the order within one key only.
    lists = [events_of(project, key) for key in dict.fromkeys(keys)]
    place, this = tuple_(*PLACE), tuple_(*here)
    return Neighbours(
        older=_newest(connection, [each.where(place < this) for each in lists]),
        newer=_oldest(connection, [each.where(place > this) for each in lists]),
        oldest=_oldest(connection, lists),
        newest=_newest(connection, lists),
    )


def events_of(project: int, key: str) -> Select[Any]:
    """A SELECT of the place and id of the events with this grouping key, in no order yet."""
    return select(*PLACE, events.c.event_id).where(events.c.project == project, events.c.key == key)


def _oldest(connection: Connection, lists: Sequence[Select[Any]]) -> str:
    firsts = [connection.execute(each.order_by(*PLACE).limit(1)).one_or_none() for each in lists]
    return str(min((tuple(first) for first in firsts if first), default=("",))[-1])


def _newest(connection: Connection, lists: Sequence[Select[Any]]) -> str:
    order = [column.desc() for column in PLACE]
    lasts = [connection.execute(each.order_by(*order).limit(1)).one_or_none() for each in lists]
    return str(max((tuple(last) for last in lasts if last), default=("",))[-1])
