"""The store's border with the database: how transactions begin, and what a failure becomes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from amber.errors import Reject, Unavailable

READ_ONLY = "25006"
"""PostgreSQL's SQLSTATE for a write on a standby, or where `default_transaction_read_only` is set."""
LOCK_CLASS = 0x616D6265  # "ambe", so that no other program's advisory lock is ours


class Transactions:
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
    def writing(self, projects: Iterable[int] = ()) -> Iterator[Connection]:
        """A transaction that changes something; nobody else changes issues of these projects before it ends."""
        with border(), self._writing.begin() as connection:
            lock(connection, projects)
            yield connection


def lock(connection: Connection, projects: Iterable[int]) -> None:
    """Wait until no other transaction holds one of these projects, then hold them until this one ends.

    Whoever changes an issue, or counts for a project, holds its project. So what is read under the lock stays true, new
    values can be worked out here and written down plainly, and no two workers make the same issue. Locks are taken in
    one order and before any row is touched, so two workers never wait for each other. SQLite has one writer anyway.
    """
    wanted = sorted(set(projects))
    if wanted and connection.dialect.name == "postgresql":
        # Locks first, look later: at READ COMMITTED the statements that follow see what the last holder committed.
        numbers = func.unnest(bindparam("projects", wanted, postgresql.ARRAY(postgresql.INTEGER))).column_valued(
            "project"
        )
        connection.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, numbers)))


def insert_new(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves a row that is there already as it is."""
    return upsert(connection, table).on_conflict_do_nothing()


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what happens on a conflict; both databases have the same words for it."""
    make: Callable[[Table], Any] = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: postgresql.Insert | sqlite.Insert = make(table)
    return statement


@contextmanager
def border() -> Iterator[None]:
    """Turn what the driver raises into the errors that callers know; nothing of SQLAlchemy passes."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable(f"the database does not answer: {_cause(error)}") from error
    except (DataError, OverflowError, UnicodeEncodeError) as error:
        raise Reject(f"the database cannot hold this value: {_cause(error)}") from error
    except InternalError as error:
        if getattr(error.orig, "sqlstate", "") != READ_ONLY:
            raise
        raise Unavailable(f"the database may only be read: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)
