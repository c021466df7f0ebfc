"""Keyset cursors: where in an order the last page ended, as opaque text."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, Select, tuple_

from amber.errors import Reject
from amber.model import Page

MAX_LIMIT = 500


class Order(Struct, frozen=True):
    """Largest first by `column`, then by `tie`, which is never the same twice; `name` goes into the cursor.

    `is_rising`: smallest first instead.
    """

    name: str
    column: Any
    tie: Any
    is_rising: bool = False


class _Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    order: str
    value: int | float
    tie: int


def page_of(statement: Select[Any], order: Order, cursor: str, limit: int) -> Select[Any]:
    """The statement, made to read one page after `cursor` and one row more, with the order's columns at the end."""
    if cursor:
        place = _read(cursor, order.name)
        here, there = tuple_(order.column, order.tie), tuple_(place.value, place.tie)
        statement = statement.where(here > there if order.is_rising else here < there)
    columns = (order.column, order.tie)
    return (
        statement.add_columns(order.column.label("order_value"), order.tie.label("order_tie"))
        .order_by(*(column if order.is_rising else column.desc() for column in columns))
        .limit(_size(limit) + 1)
    )


def as_page(rows: Sequence[Row[Any]], order: Order, kind: Any, limit: int) -> Page[Any]:
    """The rows that `page_of` read as a page of `kind`."""
    size = _size(limit)
    items = tuple(kind(*row[:-2]) for row in rows[:size])
    if len(rows) <= size:
        return Page(items)
    last = rows[size - 1]
    return Page(items, _write(_Place(order.name, last.order_value, last.order_tie)))


def _size(limit: int) -> int:
    return max(1, min(limit, MAX_LIMIT))


def _write(place: _Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(cursor: str, order: str) -> _Place:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        place = msgspec.json.decode(urlsafe_b64decode(padded), type=_Place)
    except (ValueError, msgspec.DecodeError):
        raise Reject("the cursor is not one that was given out") from None
    if place.order != order:
        raise Reject(f"the cursor belongs to another list or order ({place.order}), not to {order}")
    return place
