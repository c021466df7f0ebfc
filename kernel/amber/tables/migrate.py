"""Brings the tables of one plugin up to date, each plugin by its own Alembic history, all under one lock."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from amber.errors import AmberError, ConfigError, Unavailable
from amber.tables.database import LOCK_KEY, sqlite_file
from amber.tables.fences import EVERYTHING, MINE_ALONE, Fence, is_own
from amber.tables.revisions import newest
from amber.tables.shapes import shape_of, touched

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parents[1] / "migrations"
OWNER = re.compile(r"[a-z0-9_]{1,40}")
LOCK_SECONDS = 120


def upgrade(engine: Engine, owner: str, folder: Path, tables: Sequence[str]) -> None:
    """Bring the tables of the plugin `owner` to the newest revision in `folder/versions`, whole or not at all.

    Each owner has a version table of its own, so a plugin that is gone never stands in another one's way. Raises
    ConfigError when the database is of a newer version than the plugin, a migration fails, or it touches a table that
    `tables`, its right, does not name; Unavailable when the database does not answer.
    """
    if not OWNER.fullmatch(owner):
        raise ConfigError(f"plugin {owner!r} cannot have tables: its name must match {OWNER.pattern}")
    try:
        if not is_current(engine, owner, folder):
            _migrate(engine, owner, folder, tables)
    except OperationalError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error


def is_current(engine: Engine, owner: str, folder: Path) -> bool:
    """Whether nothing is left to be done; a migration by another process is seen whole or not at all."""
    wanted = newest(folder / "versions")
    if wanted is None:
        return False
    with engine.execution_options(read_only=True).begin() as connection:
        if not inspect(connection).has_table(_version_table(owner)):
            return False
        found = connection.exec_driver_sql(f"SELECT version_num FROM {_version_table(owner)}")  # noqa: S608 - OWNER
        return set(found.scalars()) == wanted


def _migrate(engine: Engine, owner: str, folder: Path, tables: Sequence[str]) -> None:
    with migration_lock(engine):
        if is_current(engine, owner, folder):
            return  # another process was quicker
        from alembic import command  # a quarter of a second of every start, for what is due once in a release

        try:
            with engine.begin() as connection, _held(connection, owner, tables):
                settings = _settings(owner, folder)
                settings.attributes["connection"] = connection
                command.upgrade(settings, "head")
        except (Exception, SystemExit) as error:  # whatever a stranger's script does, it is the stranger's failure
            if isinstance(error, AmberError) or _is_away(error):
                raise
            cause = getattr(error, "orig", error)
            said = f"{type(cause).__name__}: {cause}".partition("\n")[0]
            raise ConfigError(f"the tables of plugin {owner} cannot be brought up to date: {said}") from error


def _is_away(error: BaseException) -> bool:
    """Whether the database failed rather than a statement: SQLite has one word for both."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR


@contextmanager
def _held(connection: Connection, owner: str, tables: Sequence[str]) -> Iterator[None]:
    """Hold what happens inside to these tables. Raises ConfigError, so that the transaction is rolled back."""
    if EVERYTHING in tables:
        yield
        return
    own = (*tables, _version_table(owner))
    before = shape_of(connection)
    with _fence(connection, owner, own):
        yield
    for table in touched(connection, before):
        if not is_own(own, table):
            raise ConfigError(MINE_ALONE.format(owner, table))


@contextmanager
def _fence(connection: Connection, owner: str, own: Sequence[str]) -> Iterator[None]:
    """On SQLite have every statement looked at before it runs."""
    fence, driver = Fence(owner, own, is_migrating=True), connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.set_authorizer(fence)
    try:
        yield
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
            raise ConfigError(fence.refused) from error
        raise
    finally:
        driver.set_authorizer(None)


@contextmanager
def migration_lock(engine: Engine) -> Iterator[None]:
    """Hold off every other process that wants to change this database's tables. It cannot be taken twice.

    A database in memory has no other process, so there is nothing to lock.
    """
    file = sqlite_file(engine)
    if file is not None:
        with _file_lock(file.with_name(file.name + ".lock")):
            yield
    elif engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            yield
    else:
        yield


@contextmanager
def _file_lock(file: Path) -> Iterator[None]:
    # A transaction on an SQLite file of its own: it works on every platform and ends with its process, however it ends.
    with closing(sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"another process has been holding {file} for {LOCK_SECONDS} s: {error}") from error
        yield


def _settings(owner: str, folder: Path) -> "Config":
    from alembic.config import Config

    settings = Config()
    for name, value in (("script_location", SCRIPTS), ("version_locations", folder / "versions")):
        settings.set_main_option(name, str(value).replace("%", "%%"))
    settings.set_main_option("path_separator", "newline")  # any other separator may stand in a path
    settings.attributes["version_table"] = _version_table(owner)
    return settings


def _version_table(owner: str) -> str:
    return f"alembic_version_{owner}"
