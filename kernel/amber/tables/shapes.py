"""Which tables a transaction has changed, so that a migration can be held to its plugin's own."""

from sqlalchemy import Connection, text

Shape = frozenset[tuple[str, ...]]
"""A row for each thing that makes up a table, the table's name first."""
SQLITE = text(
    "SELECT tbl_name, type, name, coalesce(sql, '') FROM sqlite_master WHERE tbl_name NOT LIKE 'sqlite!_%' ESCAPE '!'"
)
POSTGRESQL = text("""
WITH mine AS (
    SELECT oid, relname::text AS name FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace NOT IN (
        SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema')
)
SELECT name, 'table', c.oid::text, c.xmin::text FROM mine JOIN pg_class c USING (oid)
UNION ALL SELECT name, 'index', i.indexrelid::text, i.xmin::text FROM mine JOIN pg_index i ON i.indrelid = mine.oid
UNION ALL SELECT name, 'column', a.attnum::text, a.xmin::text FROM mine JOIN pg_attribute a ON a.attrelid = mine.oid
UNION ALL SELECT name, 'rule', r.oid::text, r.xmin::text FROM mine JOIN pg_rewrite r ON r.ev_class = mine.oid
UNION ALL SELECT name, 'trigger', t.oid::text, t.xmin::text FROM mine JOIN pg_trigger t ON t.tgrelid = mine.oid
UNION ALL SELECT name, 'constraint', o.oid::text, o.xmin::text FROM mine JOIN pg_constraint o ON o.conrelid = mine.oid
UNION ALL SELECT relname::text, 'rows', relid::text, (n_tup_ins + n_tup_upd + n_tup_del)::text
FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
""")
"""`xmin` is the transaction that wrote a row of the catalogue last: whatever is changed gets another.

How many rows were written counts in what the connection's transactions of the last second wrote, so only a difference
tells.
"""


def shape_of(connection: Connection) -> Shape:
    """How all tables of the database look now."""
    query = SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL
    return frozenset(tuple(row) for row in connection.execute(query))


def touched(connection: Connection, before: Shape) -> list[str]:
    """The tables that this transaction made, changed or dropped since, by name; on PostgreSQL also those it wrote to.

    What is written on SQLite, a `Fence` sees.
    """
    return sorted({row[0] for row in before ^ shape_of(connection)})
