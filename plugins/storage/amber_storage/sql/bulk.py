"""Statements over many rows at once, for the path that every event takes. The one place that knows both drivers.

The text of a statement is made once from its tables, so that it is prepared once. PostgreSQL gets one array for each
column, whatever the number of rows; SQLite, which has no arrays, runs the statement row by row without leaving its
library, or reads the rows from a list of values in the statement.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, Connection, CursorResult, Table
from sqlalchemy.dialects import postgresql

Values = Sequence[Any]
"""One row, in the order of a statement's columns."""

CHUNK = 256
"""Rows in one list of values. Lists are filled up to powers of two, so that few texts are ever prepared."""


class Statement(Struct, frozen=True):
    """One statement as each database takes it. In `sqlite` of a question, `{values}` stands for the rows."""

    sqlite: str
    postgresql: str


def insertion(table: Table, names: str, conflict: str = "ON CONFLICT DO NOTHING") -> Statement:
    """Insert these columns of many rows; `conflict` says what becomes of a row whose key is there."""
    columns = [table.c[name] for name in names.split()]
    marks = ", ".join("?" for _ in columns)
    sources = f"VALUES ({marks})", _arrays(columns)
    made = (" ".join(("INSERT INTO", table.name, f"({_listed(columns)})", one, conflict)) for one in sources)
    return Statement(*made)


def change(table: Table, key: str, names: str) -> Statement:
    """Set these columns of many rows, each found by its `key`, which comes first in what is given."""
    columns = [table.c[name] for name in (key, *names.split())]
    ours = ", ".join(f'"{name}" = ?{place}' for place, name in enumerate(names.split(), 2))
    theirs = ", ".join(f'"{name}" = given."{name}"' for name in names.split())
    given = f"({_arrays(columns)}) AS given ({_listed(columns)})"
    here = f"{table.name}.{key} = given.{key}"
    start = "UPDATE", table.name, "SET"
    return Statement(
        " ".join((*start, ours, f"WHERE {key} = ?1")), " ".join((*start, theirs, "FROM", given, "WHERE", here))
    )


def question(columns: Sequence[Column[Any]], text: str) -> Statement:
    """What `text` answers where `given` is a table of rows with these columns."""
    sources = "VALUES {values}", _arrays(columns)
    made = (" ".join((f"WITH given ({_listed(columns)}) AS", f"({one})", text)) for one in sources)
    return Statement(*made)


def write(connection: Connection, statement: Statement, rows: Sequence[Values]) -> None:
    """Run a statement for many rows."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statement.postgresql, _turned(rows))
    else:
        connection.exec_driver_sql(statement.sqlite, [tuple(row) for row in rows])


def ask(connection: Connection, statement: Statement, rows: Sequence[Values]) -> Iterator[Any]:
    """The answers to a question about many rows, in no order; a row that is given twice may be answered twice."""
    if connection.dialect.name == "postgresql":
        return iter(connection.exec_driver_sql(statement.postgresql, _turned(rows)) if rows else ())
    chunks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return chain.from_iterable([_ask_sqlite(connection, statement, chunk).fetchall() for chunk in chunks])


def _ask_sqlite(connection: Connection, statement: Statement, rows: Sequence[Values]) -> CursorResult[Any]:
    size = 1 << (len(rows) - 1).bit_length()
    filled = [*rows, *[rows[-1]] * (size - len(rows))]
    one = f"({', '.join('?' for _ in rows[0])})"
    text = statement.sqlite.replace("{values}", ", ".join([one] * size))
    return connection.exec_driver_sql(text, tuple(chain.from_iterable(filled)))


def _turned(rows: Sequence[Values]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _listed(columns: Sequence[Column[Any]]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def _arrays(columns: Sequence[Column[Any]]) -> str:
    kinds = [column.type.compile(dialect=postgresql.dialect()) for column in columns]  # type: ignore[no-untyped-call]
    # Binary where it can be; texts as text, because there the driver looks for what the server cannot hold.
    arrays = (f"%{'t' if kind == 'TEXT' else 'b'}::{kind}[]" for kind in kinds)
    return " ".join(("SELECT * FROM unnest", f"({', '.join(arrays)})"))
