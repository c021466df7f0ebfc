"""Places in organisations, sessions, invitations, targets, and issues by the hour."""

from itertools import chain
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Items = list[sa.schema.SchemaItem]


def upgrade() -> None:
    metadata = sa.MetaData(naming_convention=NAMES)
    known = [sa.Table(f"{name}s", metadata, _id()) for name in ("organisation", "project", "team", "user")]
    for part in (_places, _log_ins, _targets, _hours):
        part(metadata)
    made = [table for table in metadata.sorted_tables if table not in known]
    metadata.create_all(op.get_bind(), tables=made, checkfirst=False)
    _move_roles()
    _count_hours()
    op.add_column("tokens", sa.Column("team", sa.Integer))
    op.create_index("ix_audit_log_organisation_subject_id", "audit_log", ["organisation", "subject", "id"])


def _places(metadata: sa.MetaData) -> None:
    place = _points_at("organisation user", is_key=True)
    sa.Table("memberships", metadata, *place, *_text("role"), *_times("joined_at"), sa.Index(None, "user"))
    sa.Table("team_projects", metadata, *_points_at("team project", is_key=True))


def _log_ins(metadata: sa.MetaData) -> None:
    words, times = _text("email email_folded role invited_by"), _times("created_at expires_at")
    once: Items = [sa.UniqueConstraint("organisation", "email_folded")]
    _numbered(metadata, "invitations", _points_at("organisation"), words, times, _digest(), once)
    words, times = _text("client_ip user_agent"), _times("created_at last_used_at expires_at")
    _numbered(metadata, "sessions", _points_at("user organisation"), words, times, _digest(), [sa.Index(None, "user")])


def _targets(metadata: sa.MetaData) -> None:
    words = [*_text("plugin name settings kinds"), sa.Column("is_enabled", sa.Boolean, nullable=False)]
    index: Items = [sa.Index(None, "project")]
    _numbered(metadata, "targets", _points_at("project"), words, _times("created_at"), index)
    words = [*_text("notification outcome detail"), sa.Column("number", sa.Integer, nullable=False)]
    index = [sa.Index(None, "target", "id")]
    _numbered(metadata, "attempts", _points_at("target"), words, _times("at seconds"), index, id=BIG)


def _hours(metadata: sa.MetaData) -> None:
    key = [sa.Column("issue", sa.BigInteger, primary_key=True), sa.Column("hour", sa.Integer, primary_key=True)]
    count = sa.Column("count", sa.BigInteger, nullable=False)
    sa.Table("issue_hours", metadata, *key, count, sqlite_with_rowid=False)


def _move_roles() -> None:
    """A user's organisation and role become their place; the first organisation's owners look after the whole."""
    op.execute(
        'INSERT INTO memberships (organisation, "user", role, joined_at) '
        "SELECT organisation, id, role, created_at FROM users"
    )
    op.add_column("users", sa.Column("is_superuser", sa.Boolean))
    users = sa.table("users", sa.column("organisation"), sa.column("role"), sa.column("is_superuser", sa.Boolean))
    first = sa.select(sa.func.min(sa.column("id"))).select_from(sa.table("organisations")).scalar_subquery()
    is_first_owner = (users.c.role == "owner") & (users.c.organisation == first)
    op.execute(users.update().values(is_superuser=sa.case((is_first_owner, sa.true()), else_=sa.false())))
    links = [_freed("team_members"), _freed("memberships")]
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as changed:
        changed.alter_column("is_superuser", existing_type=sa.Boolean(), nullable=False)
        changed.drop_index("ix_users_organisation")
        changed.drop_constraint("fk_users_organisation", type_="foreignkey")
        changed.drop_column("organisation")
        changed.drop_column("role")
    for table, rows in links:
        op.bulk_insert(table, rows)


def _freed(name: str) -> tuple[sa.Table, list[dict[str, Any]]]:
    """A table made empty, and its rows: SQLite makes `users` anew, and nothing may point at the old one as it goes."""
    connection, table = op.get_bind(), _known(name)
    rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    connection.execute(table.delete())
    return table, rows


def _count_hours() -> None:
    """The events that are there are counted by the hour as those to come will be."""
    events, ids = _known("events"), _known("event_ids")
    hour = events.c.timestamp / 3600
    if op.get_bind().dialect.name == "postgresql":  # which rounds where it casts; SQLite cuts off, and may lack floor()
        hour = sa.func.floor(hour)
    hours = sa.select(ids.c.issue, sa.cast(hour, sa.Integer).label("hour")).join(
        events, (events.c.project == ids.c.project) & (events.c.event_id == ids.c.event_id)
    )
    found = hours.subquery()
    counted = sa.select(found.c.issue, found.c.hour, sa.func.count()).group_by(found.c.issue, found.c.hour)
    op.execute(_known("issue_hours").insert().from_select(["issue", "hour", "count"], counted))


def _known(name: str) -> sa.Table:
    """A table as it is in the database."""
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)


def _numbered(metadata: sa.MetaData, name: str, *parts: Items, id: Any = sa.Integer) -> None:
    """A table with ids, none of which is ever given twice."""
    sa.Table(name, metadata, _id(id), *chain(*parts), sqlite_autoincrement=True)


def _id(kind: Any = sa.Integer) -> sa.Column[Any]:
    return sa.Column("id", kind, primary_key=True)


def _digest() -> Items:
    return [sa.Column("digest", sa.LargeBinary, nullable=False), sa.UniqueConstraint("digest")]


def _text(names: str) -> Items:
    return [sa.Column(name, sa.Text, nullable=False) for name in names.split()]


def _times(names: str) -> Items:
    return [sa.Column(name, sa.Double, nullable=False) for name in names.split()]


def _points_at(names: str, is_key: bool = False) -> Items:
    return [sa.Column(name, sa.ForeignKey(f"{name}s.id"), primary_key=is_key, nullable=False) for name in names.split()]
