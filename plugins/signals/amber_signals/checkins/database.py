"""The plugin's border with the database: how transactions begin, how rows are read, what a failure becomes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from amber.errors import Unavailable

S = TypeVar("S", bound=Struct)


class Database:
    """The two ways into the database; each is one transaction, committed when its block ends without an error."""

    def __init__(self, engine: Engine) -> None:
        self._writing = engine
        self._reading = engine.execution_options(read_only=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing."""
        with border(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something."""
        with border(), self._writing.begin() as connection:
            yield connection


@contextmanager
def border() -> Iterator[None]:
    """Turn what the driver raises while the database is away into `Unavailable`: the kernel then waits for it."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise Unavailable(f"the database does not answer: {cause}") from error


def rows_of(table: Table, kind: type[S]) -> Select[Any]:
    """Rows of a table, in the order of the Struct's fields, so that `kind(*row)` reads one."""
    return select(*(table.c[name] for name in kind.__struct_fields__))


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row; False where one of its kind is there already, which stays as it is."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table).on_conflict_do_nothing().values(**values).returning(table.c.id)
    return connection.execute(statement).first() is not None
