"""The border round a plugin's tables: what its manifest does not name, the database itself refuses to it."""

import re
import sqlite3 as sql
import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from amber.errors import Denied
from amber.tables.database import in_memory, make_engine
from amber.tables.roles import role_of

Refused = Callable[[str, str, str], None]
"""Told of every refusal: the plugin, which of its rights falls short, and the sentence."""
EVERYTHING = "*"
FREE = frozenset({sql.SQLITE_SELECT, sql.SQLITE_RECURSIVE, sql.SQLITE_TRANSACTION, sql.SQLITE_SAVEPOINT})
ROWS = frozenset({sql.SQLITE_READ, sql.SQLITE_INSERT, sql.SQLITE_UPDATE, sql.SQLITE_DELETE})
SHAPES = {
    sql.SQLITE_CREATE_TABLE: 0,
    sql.SQLITE_CREATE_VTABLE: 0,
    sql.SQLITE_CREATE_VIEW: 0,
    sql.SQLITE_CREATE_INDEX: 1,
    sql.SQLITE_CREATE_TRIGGER: 1,
    sql.SQLITE_ALTER_TABLE: 1,
    sql.SQLITE_DROP_TABLE: 0,
    sql.SQLITE_DROP_VTABLE: 0,
    sql.SQLITE_DROP_VIEW: 0,
    sql.SQLITE_DROP_INDEX: 1,
    sql.SQLITE_DROP_TRIGGER: 1,
    sql.SQLITE_ANALYZE: 0,
}
"""What changes a table's shape, and which of SQLite's arguments names the table."""
CATALOGUE = frozenset({"sqlite_master", "sqlite_temp_master", "json_each", "json_tree"})
"""Nobody's tables. SQLite itself keeps rows out of its catalogue, and asks as if it wrote some where it only looks."""
LOOKS = re.compile(r"(table|index|foreign_key)_x?(info|list)|data_version")
"""Pragmas that tell how tables look."""
MINE_ALONE = 'plugin {0} may not do this: the table {1} is not its own; its plugin.toml lacks rights.tables = ["{1}"]'
MIGRATIONS = "plugin {0} may not do this: the shape of {1} is changed by the plugin's migrations alone"
NEVER = "plugin {0} may not do this: {1} is for no plugin that keeps to tables of its own"


def is_own(tables: Sequence[str], name: str) -> bool:
    """Whether the patterns of `rights.tables` name this table."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in tables)


def fenced(engine: Engine, plugin: str, tables: Sequence[str], refused: Refused) -> Engine:
    """An engine on the same database that reaches no other tables than these; what it refuses raises `Denied`.

    With the right to every table, and in memory, where there is but one connection, it is the engine itself.
    """
    if EVERYTHING in tables or in_memory(engine.url):
        return engine
    made = make_engine(engine.url, kept=1)
    if engine.dialect.name == "sqlite":
        event.listen(made, "connect", lambda connection, entry: _enclose(connection, entry, plugin, tables))
    else:
        event.listen(made, "do_connect", lambda _, __, ___, given: _take_role(given, role_of(engine, plugin, tables)))
    event.listen(made, "handle_error", lambda context: _tell(context, plugin, tables, refused))
    return made


class Databases:
    """One process's engines: its own, and for each plugin with tables one that reaches no others."""

    def __init__(self, engine: Engine, refused: Refused) -> None:
        self.engine, self._refused = engine, refused
        self._fenced: dict[str, Engine] = {}
        self._lock = threading.Lock()

    def of(self, plugin: str, tables: Sequence[str]) -> Engine:
        """The engine of a plugin with the right to these tables."""
        with self._lock:
            if plugin not in self._fenced:
                self._fenced[plugin] = fenced(self.engine, plugin, tables, self._refused)
            return self._fenced[plugin]

    def close(self, plugin: str) -> None:
        """Close the connections of a plugin that is switched off."""
        made = self._fenced.pop(plugin, None)
        if made is not None and made is not self.engine:
            made.dispose()

    def close_all(self) -> None:
        """Close the connections of all plugins."""
        for plugin in list(self._fenced):
            self.close(plugin)


class Fence:
    """What one SQLite connection is let do: `set_authorizer` asks it while a statement is prepared, never after.

    `refused` is why it last said no. Migrations may change the shape of the plugin's tables as well.
    """

    def __init__(self, plugin: str, tables: Sequence[str], *, is_migrating: bool = False) -> None:
        self._plugin, self._tables, self._is_migrating = plugin, tables, is_migrating
        self.refused = ""

    def __call__(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """Whether SQLite may."""
        why = self._why_not(action, first or "", second or "")
        self.refused = why or self.refused
        return sql.SQLITE_DENY if why else sql.SQLITE_OK

    def _why_not(self, action: int, first: str, second: str) -> str:
        if action == sql.SQLITE_REINDEX and self._is_migrating:
            return ""  # it comes with CREATE INDEX, and names but the index
        if action in FREE or (action == sql.SQLITE_FUNCTION and second != "load_extension"):
            return ""
        if action == sql.SQLITE_PRAGMA and (
            LOOKS.fullmatch(first) or (first == "read_uncommitted" and second in ("", "0"))
        ):
            return ""
        if action in ROWS:
            return "" if self._has(first) else MINE_ALONE.format(self._plugin, first)
        if action not in SHAPES:
            return NEVER.format(self._plugin, first.upper() if action == sql.SQLITE_PRAGMA else "this statement")
        table = (first, second)[SHAPES[action]]
        if self._is_migrating:
            return "" if self._has(table) else MINE_ALONE.format(self._plugin, table)
        return (MIGRATIONS if self._has(table) else MINE_ALONE).format(self._plugin, table)

    def _has(self, table: str) -> bool:
        is_counter = self._is_migrating and table == "sqlite_sequence"
        return table in CATALOGUE or is_counter or is_own(self._tables, table.removeprefix("_alembic_tmp_"))


def _enclose(connection: sql.Connection, entry: ConnectionPoolEntry, plugin: str, tables: Sequence[str]) -> None:
    entry.info["fence"] = fence = Fence(plugin, tables)
    connection.set_authorizer(fence)


def _take_role(given: dict[str, object], role: str | None) -> None:
    # Given at the start, and not by a statement, it is what RESET ROLE and DISCARD ALL come back to.
    if role is not None:
        given["options"] = f"{given.get('options', '')} -c role={role}".strip()


def _tell(context: ExceptionContext, plugin: str, tables: Sequence[str], refused: Refused) -> None:
    """Raise `Denied` where the database refused, and have it counted."""
    why = _why(context, plugin, tables)
    if why:
        refused(plugin, "tables", why)
        raise Denied(why) from context.original_exception


def _why(context: ExceptionContext, plugin: str, tables: Sequence[str]) -> str:
    error = context.original_exception
    if getattr(error, "sqlite_errorcode", None) == sql.SQLITE_AUTH and context.connection is not None:
        return str(context.connection.info["fence"].refused)
    if getattr(error, "sqlstate", "") != "42501":
        return ""
    said = str(error).splitlines()[0]
    table = said.rpartition(" ")[2].strip('"')
    return (MIGRATIONS if is_own(tables, table) else MINE_ALONE).format(plugin, table) + f" ({said})"
