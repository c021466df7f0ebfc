"""Every table of the store, as it first was."""

from itertools import chain
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
Items = list[sa.schema.SchemaItem]


def upgrade() -> None:
    metadata = sa.MetaData(naming_convention=NAMES)
    for part in (_people, _projects, _issues, _counts, _bookkeeping, _events):
        part(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    if op.get_bind().dialect.name == "postgresql":
        # Bodies come compressed: PostgreSQL need not try once more.
        op.execute("ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL")


def _people(metadata: sa.MetaData) -> None:
    _numbered(metadata, "organisations", _text("slug name"), _times("created_at"), _unique("slug"))
    slug = _text("slug name") + _unique("organisation slug")
    _numbered(metadata, "teams", _points_at("organisations"), slug, _times("created_at"))
    words = _text("email email_folded name role password_hash")
    rules = _unique("email_folded") + _index("organisation")
    _numbered(metadata, "users", _points_at("organisations"), words, _times("created_at"), rules)
    members: Items = [sa.Column(name, sa.ForeignKey(f"{name}s.id"), primary_key=True) for name in ("team", "user")]
    sa.Table("team_members", metadata, *members)
    words = _text("actor action subject before after client_ip")
    _numbered(metadata, "audit_log", _integers("organisation"), words, _times("at"), _index("organisation id"), id=BIG)


def _projects(metadata: sa.MetaData) -> None:
    words = _text("slug name platform settings") + _unique("organisation slug")
    _numbered(metadata, "projects", _points_at("organisations"), words, _times("created_at"), _integers("last_number"))
    words, active = _text("public_key label"), _columns(sa.Boolean, "is_active")
    rules = _unique("public_key") + _index("project")
    _numbered(metadata, "project_keys", _points_at("projects"), words, active, _times("created_at"), rules)
    owner = _points_at("organisations") + _points_at("projects", nullable=True)
    words = _columns(sa.LargeBinary, "digest") + _text("name hint scopes")
    times = _times("created_at") + _times("last_used_at revoked_at", nullable=True)
    _numbered(metadata, "tokens", owner, words, times, _unique("digest"), _index("organisation"))


def _issues(metadata: sa.MetaData) -> None:
    words = _text("short_id title culprit level status platform first_release last_release assignee search")
    times = _times("first_seen last_seen") + _times("last_release_at regressed_at", nullable=True)
    rules = _unique("project short_id") + _index("project last_seen id") + _index("project first_seen id")
    _numbered(metadata, "issues", _points_at("projects"), words, _bigs("count users"), times, rules, id=BIG)
    issue = sa.Column("issue", BIG, sa.ForeignKey("issues.id"), nullable=False, index=True)
    _keyed(metadata, "issue_keys", _key(sa.Integer, "project"), _key(sa.Text, "key"), [issue])


def _counts(metadata: sa.MetaData) -> None:
    _keyed(metadata, "issue_users", _key(sa.BigInteger, "issue"), _key(sa.LargeBinary, "user"))
    facet = _key(sa.BigInteger, "issue") + _key(sa.Text, "name value")
    counts = _bigs("count") + _times("last_seen")
    _keyed(metadata, "issue_facets", facet, counts, _index("name value issue"))
    outcome = _key(sa.Integer, "project hour") + _key(sa.Text, "category outcome reason")
    _keyed(metadata, "outcomes", outcome, _bigs("quantity"))


def _bookkeeping(metadata: sa.MetaData) -> None:
    _keyed(metadata, "event_ids", _key(sa.Integer, "project"), _key(sa.Text, "event_id"), _bigs("issue"))
    _keyed(metadata, "applied_marks", _key(sa.Text, "stream"), _key(sa.BigInteger, "seq"))
    fact = _text("id type data") + _integers("project v") + _times("at") + _unique("id")
    sa.Table("outbox", metadata, *_number(), *fact, sqlite_autoincrement=True)


def _events(metadata: sa.MetaData) -> None:
    words = _text("event_id key level release environment user title culprit grouping")
    numbers, body = _integers("project") + _times("timestamp received_at"), _columns(sa.LargeBinary, "body")
    rules = _unique("project event_id") + _index("project key received_at number")
    sa.Table("events", metadata, *_number(), *numbers, *words, *body, *rules)
    words = _text("id event_id name content_type type blob")
    numbers = _integers("project") + _bigs("size") + _times("received_at")
    rules = _unique("id") + _index("project event_id")
    sa.Table("attachments", metadata, *_number(), *numbers, *words, *rules)
    words = _text("id event_id name email message data")
    rules = _index("project event_id received_at number") + _index("project received_at number")
    numbers = _integers("project") + _times("received_at")
    sa.Table("feedback", metadata, *_number(), *numbers, *words, *rules, *_unique("project id"))


def _numbered(metadata: sa.MetaData, name: str, *parts: Items, id: Any = sa.Integer) -> None:
    """A table with ids, none of which is ever given twice."""
    identity = sa.Column("id", id, primary_key=True)
    sa.Table(name, metadata, identity, *chain(*parts), sqlite_autoincrement=True)


def _keyed(metadata: sa.MetaData, name: str, *parts: Items) -> None:
    """A table that is nothing but an index on SQLite."""
    sa.Table(name, metadata, *chain(*parts), sqlite_with_rowid=False)


def _columns(kind: Any, names: str, nullable: bool = False) -> Items:
    return [sa.Column(name, kind, nullable=nullable) for name in names.split()]


def _key(kind: Any, names: str) -> Items:
    return [sa.Column(name, kind, primary_key=True) for name in names.split()]


def _number() -> Items:
    return [sa.Column("number", BIG, primary_key=True)]


def _text(names: str) -> Items:
    return _columns(sa.Text, names)


def _times(names: str, nullable: bool = False) -> Items:
    return _columns(sa.Double, names, nullable)


def _integers(names: str) -> Items:
    return _columns(sa.Integer, names)


def _bigs(names: str) -> Items:
    return _columns(sa.BigInteger, names)


def _points_at(table: str, nullable: bool = False) -> Items:
    return [sa.Column(table.removesuffix("s"), sa.ForeignKey(f"{table}.id"), nullable=nullable)]


def _unique(names: str) -> Items:
    return [sa.UniqueConstraint(*names.split())]


def _index(names: str) -> Items:
    return [sa.Index(None, *names.split())]
