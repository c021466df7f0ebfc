"""The events beside one event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from amber.model import Neighbours
from amber_storage.sql.groupings import groupings_of
from amber_storage.sql.schema import event_ids, events

PLACE = (events.c.received_at, events.c.number)
"""What events are ordered by; with one grouping in front it is an index."""


def neighbours_of(connection: Connection, project: int, keys: Sequence[str], event_id: str) -> Neighbours:
    """The events before and after this one, the first and the last; however many there are, few are read."""
    groupings = groupings_of(connection, project, keys)
    number = select(event_ids.c.number).where(event_ids.c.project == project, event_ids.c.event_id == event_id)
    known = select(*PLACE).where(events.c.number == number.scalar_subquery(), events.c.grouping.in_(groupings))
    here = connection.execute(known).one_or_none()
    if here is None:
        return Neighbours()
    # Each grouping is asked for by itself, because the index gives the order within one only.
    lists = [places_of(grouping) for grouping in groupings]
    place, this = tuple_(*PLACE), tuple_(*here)
    return Neighbours(
        older=_newest(connection, [each.where(place < this) for each in lists]),
        newer=_oldest(connection, [each.where(place > this) for each in lists]),
        oldest=_oldest(connection, lists),
        newest=_newest(connection, lists),
    )


def places_of(grouping: int) -> Select[Any]:
    """A SELECT of the place and id of the events with this grouping, in no order yet."""
    return select(*PLACE, events.c.event_id).where(events.c.grouping == grouping)


def _oldest(connection: Connection, lists: Sequence[Select[Any]]) -> str:
    firsts = [connection.execute(each.order_by(*PLACE).limit(1)).one_or_none() for each in lists]
    return str(min((tuple(first) for first in firsts if first), default=("",))[-1])


def _newest(connection: Connection, lists: Sequence[Select[Any]]) -> str:
    order = [column.desc() for column in PLACE]
    lasts = [connection.execute(each.order_by(*order).limit(1)).one_or_none() for each in lists]
    return str(max((tuple(last) for last in lasts if last), default=("",))[-1])
