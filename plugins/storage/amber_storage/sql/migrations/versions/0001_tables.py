"""Every table of the store, as it first was."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    metadata = sa.MetaData(naming_convention=NAMES)
    for part in (_people, _projects, _issues, _counts, _bookkeeping, _events):
        part(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    if op.get_bind().dialect.name == "postgresql":
        # Bodies come compressed: PostgreSQL need not try once more.
        op.execute("ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=nullable) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _bigs(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _keys(kind: type[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, primary_key=True) for name in names]


def _points_at(table: str, name: str) -> sa.Column[int]:
    return sa.Column(name, sa.ForeignKey(f"{table}.id"), nullable=False)


def _indexes(*columns: str) -> list[sa.Index]:
    return [sa.Index(None, *names.split()) for names in columns]


def _numbered(metadata: sa.MetaData, name: str, parts: Sequence[sa.schema.SchemaItem], big: bool = False) -> None:
    """A table whose ids are never given twice."""
    sa.Table(
        name,
        metadata,
        sa.Column("id", BIG if big else sa.Integer, primary_key=True),
        *parts,
        sqlite_autoincrement=True,
    )


def _people(metadata: sa.MetaData) -> None:
    organisation = "organisations", "organisation"
    _numbered(metadata, "organisations", [*_text("slug", "name"), *_times("created_at"), sa.UniqueConstraint("slug")])
    slug = sa.UniqueConstraint("organisation", "slug")
    _numbered(metadata, "teams", [_points_at(*organisation), *_text("slug", "name"), *_times("created_at"), slug])
    words = _text("email", "email_folded", "name", "role", "password_hash")
    rules = [sa.UniqueConstraint("email_folded"), *_indexes("organisation")]
    _numbered(metadata, "users", [_points_at(*organisation), *words, *_times("created_at"), *rules])
    members = [sa.Column(name, sa.ForeignKey(f"{name}s.id"), primary_key=True) for name in ("team", "user")]
    sa.Table("team_members", metadata, *members)
    words = _text("actor", "action", "subject", "before", "after", "client_ip")
    _numbered(
        metadata,
        "audit_log",
        [*_integers("organisation"), *words, *_times("at"), *_indexes("organisation id")],
        big=True,
    )


def _projects(metadata: sa.MetaData) -> None:
    words = [_points_at("organisations", "organisation"), *_text("slug", "name", "platform", "settings")]
    rest = [*_times("created_at"), *_integers("last_number"), sa.UniqueConstraint("organisation", "slug")]
    _numbered(metadata, "projects", [*words, *rest])
    words = [_points_at("projects", "project"), *_text("public_key", "label"), *_times("created_at")]
    active = sa.Column("is_active", sa.Boolean, nullable=False)
    _numbered(metadata, "project_keys", [*words, active, sa.UniqueConstraint("public_key"), *_indexes("project")])
    owner = [_points_at("organisations", "organisation"), sa.Column("project", sa.ForeignKey("projects.id"))]
    digest = [sa.Column("digest", sa.LargeBinary, nullable=False), sa.UniqueConstraint("digest")]
    times = [*_times("created_at"), *_times("last_used_at", "revoked_at", nullable=True)]
    _numbered(
        metadata, "tokens", [*owner, *digest, *_text("name", "hint", "scopes"), *times, *_indexes("organisation")]
    )


def _issues(metadata: sa.MetaData) -> None:
    words = _text("short_id", "title", "culprit", "level", "status", "platform", "assignee", "search")
    releases = _text("first_release", "last_release")
    times = [*_times("first_seen", "last_seen"), *_times("last_release_at", "regressed_at", nullable=True)]
    rules = [sa.UniqueConstraint("project", "short_id")]
    indexes = _indexes("project last_seen id", "project first_seen id")
    parts = [_points_at("projects", "project"), *words, *_bigs("count", "users"), *times, *releases, *rules, *indexes]
    _numbered(metadata, "issues", parts, big=True)
    sa.Table(
        "issue_keys",
        metadata,
        *_keys(sa.Integer, "project"),
        *_keys(sa.Text, "key"),
        sa.Column("issue", BIG, sa.ForeignKey("issues.id"), nullable=False, index=True),
        sqlite_with_rowid=False,
    )


def _counts(metadata: sa.MetaData) -> None:
    user: list[Any] = [*_keys(sa.BigInteger, "issue"), *_keys(sa.LargeBinary, "user")]
    sa.Table("issue_users", metadata, *user, sqlite_with_rowid=False)
    facet: list[Any] = [
        *_keys(sa.BigInteger, "issue"),
        *_keys(sa.Text, "name", "value"),
        *_bigs("count"),
        *_times("last_seen"),
    ]
    sa.Table("issue_facets", metadata, *facet, *_indexes("name value issue"), sqlite_with_rowid=False)
    outcome: list[Any] = [*_keys(sa.Integer, "project", "hour"), *_keys(sa.Text, "category", "outcome", "reason")]
    sa.Table("outcomes", metadata, *outcome, *_bigs("quantity"), sqlite_with_rowid=False)


def _bookkeeping(metadata: sa.MetaData) -> None:
    known: list[Any] = [*_keys(sa.Integer, "project"), *_keys(sa.Text, "event_id"), *_bigs("issue")]
    sa.Table("event_ids", metadata, *known, sqlite_with_rowid=False)
    mark: list[Any] = [*_keys(sa.Text, "stream"), *_keys(sa.BigInteger, "seq")]
    sa.Table("applied_marks", metadata, *mark, sqlite_with_rowid=False)
    fact: list[Any] = [
        *_text("id", "type", "data"),
        *_integers("project", "v"),
        *_times("at"),
        sa.UniqueConstraint("id"),
    ]
    sa.Table("outbox", metadata, sa.Column("number", BIG, primary_key=True), *fact, sqlite_autoincrement=True)


def _events(metadata: sa.MetaData) -> None:
    words = _text("event_id", "key", "level", "release", "environment", "user", "title", "culprit", "grouping")
    times = _times("timestamp", "received_at")
    body = sa.Column("body", sa.LargeBinary, nullable=False)
    rules: list[Any] = [sa.UniqueConstraint("project", "event_id"), *_indexes("project key received_at number")]
    number = sa.Column("number", BIG, primary_key=True)
    sa.Table("events", metadata, number, *_integers("project"), *words, *times, body, *rules)
    words = _text("id", "event_id", "name", "content_type", "type", "blob")
    rest: list[Any] = [*_bigs("size"), *_times("received_at"), sa.UniqueConstraint("id"), *_indexes("project event_id")]
    number = sa.Column("number", BIG, primary_key=True)
    sa.Table("attachments", metadata, number, *_integers("project"), *words, *rest)
    words = _text("id", "event_id", "name", "email", "message", "data")
    rules: list[Any] = [*_times("received_at"), sa.UniqueConstraint("project", "id")]
    indexes = _indexes("project event_id received_at number", "project received_at number")
    number = sa.Column("number", BIG, primary_key=True)
    sa.Table("feedback", metadata, number, *_integers("project"), *words, *rules, *indexes)
