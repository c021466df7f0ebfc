"""One index of event ids, groupings kept once, dictionaries for bodies."""

from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Items = list[sa.schema.SchemaItem]
SUMMARY = ["timestamp", "received_at", "level", "release", "environment", "user", "title", "culprit", "body"]


def upgrade() -> None:
    _put_aside("event_ids", "events")
    metadata = sa.MetaData(naming_convention=NAMES)
    _tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    _teach_sqlite()
    _number_ids()
    _gather_groupings()
    _copy_events()
    for name in ("old_events", "old_event_ids"):
        op.drop_table(name)


def _tables(metadata: sa.MetaData) -> None:
    _numbered(metadata, "event_ids", "number", _event(), _unique("project event_id"))
    number = sa.Column("number", BIG, primary_key=True, autoincrement=False)
    times = [sa.Column(name, sa.Double, nullable=False) for name in ("timestamp", "received_at")]
    words = _columns(sa.Text, "level release environment user title culprit")
    rest = [*_columns(BIG, "grouping"), *times, *words, *_columns(sa.LargeBinary, "body")]
    sa.Table("events", metadata, number, *_event(), *rest, sa.Index(None, "grouping", "received_at", "number"))
    number = sa.Column("number", BIG, primary_key=True, autoincrement=False)
    sa.Table("counted_events", metadata, number, *_columns(sa.BigInteger, "issue"))
    words = [*_columns(sa.Integer, "project"), *_columns(sa.LargeBinary, "digest"), *_columns(sa.Text, "key grouping")]
    rules = [*_unique("project digest"), sa.Index(None, "project", "key")]
    _numbered(metadata, "groupings", "id", words, rules)
    id = sa.Column("id", BIG, primary_key=True, autoincrement=False)
    rest = [*_columns(sa.Integer, "project generation"), *_columns(sa.Double, "created_at")]
    data = [*_columns(sa.LargeBinary, "data"), *_unique("project generation")]
    sa.Table("dictionaries", metadata, id, *rest, *data)


def _put_aside(*names: str) -> None:
    """Rename tables, and on PostgreSQL what is named after them, so that new ones may have their names."""
    for name in names:
        op.rename_table(name, f"old_{name}")
    op.drop_index("ix_events_project_key_received_at_number", "old_events")
    if _is_postgresql():
        for table, rule in (("events", "pk_events"), ("events", "uq_events_project_event_id")):
            op.execute(f"ALTER TABLE old_{table} RENAME CONSTRAINT {rule} TO old_{rule}")
        op.execute("ALTER TABLE old_event_ids RENAME CONSTRAINT pk_event_ids TO old_pk_event_ids")


def _teach_sqlite() -> None:
    """Give SQLite the two functions that PostgreSQL has: from hex digits to bytes, and the digest of a grouping."""
    if not _is_postgresql():
        connection: Any = op.get_bind().connection.driver_connection
        connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)
        connection.create_function("digest_of", 1, _digest, deterministic=True)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()[:16]


def _number_ids() -> None:
    """Events keep their numbers; ids that were counted but have no event get new ones behind them."""
    ids, events, counted = _known("event_ids"), _known("old_events").c, _known("old_event_ids").c
    _fill(ids, sa.select(events.number, events.project, _from_hex(events.event_id).label("event_id")))
    if _is_postgresql():
        last = sa.select(sa.func.max(ids.c.number)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence("event_ids", "number")
        op.execute(sa.select(sa.func.setval(sequence, last)).where(sa.exists(sa.select(ids))))
    here = (ids.c.project == counted.project) & (ids.c.event_id == _from_hex(counted.event_id))
    numberless = ~sa.exists(sa.select(ids).where(here))
    _fill(ids, sa.select(counted.project, _from_hex(counted.event_id).label("event_id")).where(numberless))
    _fill(_known("counted_events"), sa.select(ids.c.number, counted.issue).where(here))


def _gather_groupings() -> None:
    events = _known("old_events").c
    place = [events.project, _digest_of(events.grouping).label("digest")]
    first = [sa.func.min(column).label(column.name) for column in (events.key, events.grouping)]
    _fill(_known("groupings"), sa.select(*place, *first).group_by(*place))


def _copy_events() -> None:
    events, groupings = _known("old_events").c, _known("groupings").c
    here = (groupings.project == events.project) & (groupings.digest == _digest_of(events.grouping))
    id, grouping = _from_hex(events.event_id).label("event_id"), groupings.id.label("grouping")
    kept = [events[name] for name in SUMMARY]
    _fill(_known("events"), sa.select(events.number, events.project, id, grouping, *kept).where(here))
    if _is_postgresql():  # bodies come compressed: PostgreSQL need not try once more
        op.execute("ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL")


def _fill(table: sa.Table, rows: sa.Select[Any]) -> None:
    op.execute(table.insert().from_select([column.name for column in rows.selected_columns], rows))


def _known(name: str) -> sa.Table:
    """A table as it is in the database."""
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())


def _from_hex(column: sa.Column[str]) -> sa.ColumnElement[bytes]:
    return sa.func.decode(column, "hex") if _is_postgresql() else sa.func.from_hex(column)


def _digest_of(column: sa.Column[str]) -> sa.ColumnElement[bytes]:
    if _is_postgresql():
        return sa.func.substring(sa.func.sha256(sa.func.convert_to(column, "UTF8")), 1, 16)
    return sa.func.digest_of(column)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _numbered(metadata: sa.MetaData, name: str, number: str, *parts: Items) -> None:
    """A table that numbers its rows and gives no number twice."""
    items = [item for part in parts for item in part]
    sa.Table(name, metadata, sa.Column(number, BIG, primary_key=True), *items, sqlite_autoincrement=True)


def _event() -> Items:
    return [*_columns(sa.Integer, "project"), *_columns(sa.LargeBinary, "event_id")]


def _columns(kind: Any, names: str) -> Items:
    return [sa.Column(name, kind, nullable=False) for name in names.split()]


def _unique(names: str) -> Items:
    return [sa.UniqueConstraint(*names.split())]
