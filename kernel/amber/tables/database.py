"""Engines for the relational database: SQLite on a file or in memory, and PostgreSQL."""

import contextlib
import errno
import fcntl
import os
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from amber.errors import ConfigError

EXAMPLES = "sqlite:///path/to/amber.db, sqlite:// (memory) or postgresql+psycopg://user:password@host/name"
BUSY_SECONDS = 10
LOCK_KEY = 0x616D626572  # "amber", so that no other program's advisory lock is ours


def make_engine(url: str | URL, kept: int = 5) -> Engine:
    """The engine behind `url`, which keeps so many connections open; a folder that an SQLite file needs is made.

    On SQLite a transaction takes the write lock when it begins, so that it never fails half-way for want of it; who
    only reads takes `engine.execution_options(read_only=True)`, which waits for nobody. Raises ConfigError when nothing
    can be made of the URL or its folder.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, kept)
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        # What the stores do under their locks needs each statement to see what was committed before it began.
        isolation_level="READ COMMITTED",
        pool_size=kept,
        max_overflow=5,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args={"connect_timeout": BUSY_SECONDS, "application_name": "amber"},
    )


def sqlite_file(engine: Engine) -> Path | None:
    """The file an SQLite engine stands on; None for memory and for every other database."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and not in_memory(engine.url) and name else None


def _parse(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
        backend, driver = parsed.get_backend_name(), parsed.drivername
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(f"the database URL cannot be read; it looks like {EXAMPLES}") from None
    if driver not in ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg", "postgres"):
        raise ConfigError(f"the database {driver} is not one Amber can use; give {EXAMPLES}")
    if backend != "sqlite" and not parsed.database:
        raise ConfigError(f"the database URL names no database; it looks like {EXAMPLES}")
    return parsed


def in_memory(url: URL) -> bool:
    """Whether the URL names an SQLite database that lives in its one connection."""
    return url.database in (None, "", ":memory:")


def _sqlite(url: URL, kept: int) -> Engine:
    if in_memory(url):
        # The database lives in its one connection. A pool of one hands it to one thread at a time, a whole transaction
        # long; SQLAlchemy's StaticPool would let the transactions of several threads run into each other.
        size, overflow, set_up = 1, 0, _set_up
    else:
        file = Path(str(url.database))
        _make_folder(file)
        size, overflow, set_up = kept, 10, partial(_set_up_file, file.parent)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=3 * BUSY_SECONDS,
        pool_use_lifo=True,  # each connection has a page cache: in turns all of them would fill, and none be warm
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _make_folder(file: Path) -> None:
    # A file that is there is not opened to try it. Whoever closes one lets go of all locks of its process on it (that
    # is how POSIX locks are), those of SQLite too: another process would write at the same time.
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            file.touch(exist_ok=False)
        if file.is_dir() or not os.access(file, os.W_OK):
            wrong = errno.EISDIR if file.is_dir() else errno.EACCES
            raise OSError(wrong, os.strerror(wrong))
    except OSError as error:
        raise ConfigError(f"the database file {file} cannot be written: {error.strerror or error}") from None


def _set_up_file(folder: Path, connection: SQLiteConnection, record: ConnectionPoolEntry) -> None:
    # The change of a fresh file to WAL does not wait for others who are at it: it fails with "database is locked", and
    # on a first start Amber's processes open the file at once. The folder is locked, as the file must not be closed.
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        _set_up(connection, record)
    finally:
        os.close(held)


def _set_up(connection: SQLiteConnection, _: ConnectionPoolEntry) -> None:
    # BEGIN is ours to say (see _begin); Python's own would come late, and as DEFERRED.
    connection.isolation_level = None
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        # Said before anything is written. A row is never split to fill its page: of what a large event takes, three fit
        # into 8 KB, and one into 4 KB. And the file can give back the space of what is deleted, bit by bit.
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    # The bus forgets an item once we acknowledge it, so a commit must outlive a power cut: NORMAL would not do.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -8000")


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
