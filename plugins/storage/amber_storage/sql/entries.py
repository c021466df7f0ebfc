"""Rows of the directory: read by reference, made with their audit entry, checked before they are written."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine, Select, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from amber.errors import Reject
from amber_storage.sql.columns import fields
from amber_storage.sql.transactions import Transactions

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
ID = re.compile(r"[0-9]{1,9}")
S = TypeVar("S", bound=Struct)


class Part:
    """A part of the directory, on its database."""

    def __init__(self, engine: Engine) -> None:
        self._database = Transactions(engine)


def check_slug(slug: str) -> str:
    """The slug, if it is one: Reject otherwise. Digits alone are refused, because references may be ids or slugs."""
    if not SLUG.fullmatch(slug):
        raise Reject(f"slug: {slug!r} must be 1 to 50 lower-case letters, digits and hyphens, no hyphen in front")
    if slug.isdecimal():
        raise Reject(f"slug: {slug!r} holds digits alone, so it would be taken for an id")
    return slug


def by_reference(statement: Select[Any], table: Table, ref: str) -> Select[Any]:
    """The statement, narrowed to what `ref` names: an id where it is a number, a slug otherwise."""
    return statement.where(table.c.id == int(ref) if ID.fullmatch(ref) else table.c.slug == ref)


def add_row(connection: Connection, table: Table, values: Mapping[str, Any], taken: str) -> Any:
    """Insert a row and answer it whole. Raises Reject(409) where something in it must be unique and is `taken`."""
    try:
        return connection.execute(insert(table).values(**values).returning(table)).one()
    except IntegrityError as error:
        raise Reject(f"{taken} is taken", status=409) from error


def change_row(connection: Connection, table: Table, id: int, values: Mapping[str, Any], taken: str = "") -> Any:
    """Write these columns of a row that is there and answer it whole. Raises Reject(409) as `add_row` does."""
    try:
        return connection.execute(update(table).where(table.c.id == id).values(**values).returning(table)).one()
    except IntegrityError as error:
        raise Reject(f"{taken} is taken", status=409) from error


def need(connection: Connection, table: Table, id: int, name: str) -> Any:
    """The row with this id. Raises Reject(404) where there is none."""
    return _one(connection, select(table).where(table.c.id == id), f"{name} {id}")


def need_in(connection: Connection, organisation: int, table: Table, id: int, name: str) -> Any:
    """The row with this id, where it belongs to the organisation. Raises Reject(404) where there is none."""
    here = (table.c.id == id) & (table.c.organisation == organisation)
    return _one(connection, select(table).where(here), f"{name} {id}")


def hold(connection: Connection, table: Table, id: int, name: str) -> Any:
    """The row with this id as `need` answers it, held: whoever else holds it waits until this transaction ends.

    Rows that point at it may be added all the while. SQLite has one writer anyway.
    """
    return _one(connection, select(table).where(table.c.id == id).with_for_update(key_share=True), f"{name} {id}")


def _one(connection: Connection, statement: Select[Any], name: str) -> Any:
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise Reject(f"{name} does not exist", status=404)
    return row


def read(row: Any, kind: type[S]) -> S:
    """A row of a whole table as the Struct whose fields it holds."""
    return kind(**{name: row._mapping[name] for name in kind.__struct_fields__})


def read_all(connection: Connection, table: Table, kind: type[S], **wanted: Any) -> tuple[S, ...]:
    """The rows where columns have these values, by id."""
    found = select(*fields(table, kind)).filter_by(**wanted).order_by(table.c.id)
    return tuple(kind(*row) for row in connection.execute(found))
