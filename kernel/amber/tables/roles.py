"""A role of each plugin's own on PostgreSQL, which may use the plugin's tables and nothing else."""

import logging
from collections.abc import Sequence
from fnmatch import fnmatchcase
from hashlib import sha256

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from amber.tables.database import LOCK_KEY

log = logging.getLogger("amber.roles")
RELATIONS = text("""
SELECT c.oid::regclass::text AS name, c.relkind = 'S' AS is_sequence, coalesce(owner.relname, c.relname) AS table,
    CASE c.relkind WHEN 'S' THEN has_sequence_privilege(:role, c.oid, 'USAGE')
        ELSE has_table_privilege(:role, c.oid, 'DELETE') END AS is_granted
FROM pg_class c
LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
    AND c.relkind = 'S' AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class owner ON owner.oid = d.refobjid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
ORDER BY c.oid
""")
"""Every table and sequence of the schema, the table it belongs to, and whether the role may use it."""
ADVICE = """the border round the tables of plugin %s is not held: %s. A superuser can make its role, once:
CREATE ROLE "%s" NOLOGIN; GRANT "%s" TO the user of Amber's database"""


def role_of(engine: Engine, plugin: str, tables: Sequence[str]) -> str | None:
    """The plugin's role, made where it is missing, with rights on these tables and no others.

    None where the database's user may not make roles: then nothing is held, and the log says how to mend that.
    """
    role = ""
    try:
        with engine.begin() as connection:
            role = role_name(str(connection.execute(text("SELECT current_database()")).scalar_one()), plugin)
            if not _is_known(connection, role) or _grants(connection, role, tables):
                # not beside another process that does the same, nor beside a migration, which would be blamed for it
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
                _make(connection, role)
                for statement in _grants(connection, role, tables):
                    connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "42501":
            raise
        log.warning(ADVICE, plugin, str(error.orig).splitlines()[0], role, role)
        return None
    return role


def role_name(database: str, plugin: str) -> str:
    """Roles belong to a server, tables to a database: so a role's name holds both."""
    return f"amber_{plugin}_{sha256(database.encode()).hexdigest()[:8]}"


def drop_role(engine: Engine, plugin: str) -> None:
    """Forget a plugin's role, if it has one."""
    with engine.begin() as connection:
        role = role_name(str(connection.execute(text("SELECT current_database()")).scalar_one()), plugin)
        if _is_known(connection, role):
            connection.exec_driver_sql(f'DROP OWNED BY "{role}"')
            connection.exec_driver_sql(f'DROP ROLE "{role}"')


def _is_known(connection: Connection, role: str) -> bool:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    return found.first() is not None


def _make(connection: Connection, role: str) -> None:
    if not _is_known(connection, role):
        connection.exec_driver_sql(f'CREATE ROLE "{role}" NOLOGIN')
        connection.exec_driver_sql(f'GRANT "{role}" TO CURRENT_USER')


def _grants(connection: Connection, role: str, tables: Sequence[str]) -> list[str]:
    """What brings what the role may do to what it should; nothing where that is so already."""
    found = []
    may_look = text("SELECT has_schema_privilege(:role, current_schema(), 'USAGE'), current_schema()")
    is_granted, schema = connection.execute(may_look, {"role": role}).one()
    if not is_granted:
        found.append(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
    for one in connection.execute(RELATIONS, {"role": role}).all():
        is_meant = any(fnmatchcase(one.table, pattern) for pattern in tables)
        what = f"SEQUENCE {one.name}" if one.is_sequence else f"TABLE {one.name}"
        if is_meant and not one.is_granted:
            rights = "USAGE, SELECT" if one.is_sequence else "SELECT, INSERT, UPDATE, DELETE"
            found.append(f'GRANT {rights} ON {what} TO "{role}"')
        elif one.is_granted and not is_meant:
            found.append(f'REVOKE ALL ON {what} FROM "{role}"')
    return found
