"""Every table of the store. `migrations/` makes them; a test proves that both agree.

Times are Unix seconds, `hour` is a Unix hour. Rows are written by the million into `events`, `event_ids`, `issue_users`
and `issue_facets`: these have no foreign keys, which would cost a look-up (and on PostgreSQL a row lock) for each row.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from amber_storage.sql.columns import Big, Json

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


def _id(kind: type[Integer] = Integer) -> Column[int]:
    return Column("id", Big if kind is BigInteger else Integer, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _time(name: str, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def _of(table: str) -> Column[int]:
    """A column that points at the id of `table`, named as what it points at."""
    return Column(table.removesuffix("s"), ForeignKey(f"{table}.id"), nullable=False)


# --- who and what -----------------------------------------------------------------------------------------------------

organisations = Table(
    "organisations",
    metadata,
    _id(),
    _text("slug"),
    _text("name"),
    _time("created_at"),
    UniqueConstraint("slug"),
    sqlite_autoincrement=True,
)

teams = Table(
    "teams",
    metadata,
    _id(),
    _of("organisations"),
    _text("slug"),
    _text("name"),
    _time("created_at"),
    UniqueConstraint("organisation", "slug"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    _id(),
    _of("organisations"),
    _text("email"),
    _text("email_folded"),  # what makes an address the same address
    _text("name"),
    _text("role"),
    _text("password_hash"),
    _time("created_at"),
    UniqueConstraint("email_folded"),
    Index(None, "organisation"),
    sqlite_autoincrement=True,
)

team_members = Table(
    "team_members",
    metadata,
    Column("team", ForeignKey("teams.id"), primary_key=True),
    Column("user", ForeignKey("users.id"), primary_key=True),
)

projects = Table(
    "projects",
    metadata,
    _id(),
    _of("organisations"),
    _text("slug"),
    _text("name"),
    _text("platform"),
    _time("created_at"),
    Column("settings", Json, nullable=False),
    Column("last_number", Integer, nullable=False),  # of the newest issue; its short id is made of it
    UniqueConstraint("organisation", "slug"),
    sqlite_autoincrement=True,
)

project_keys = Table(
    "project_keys",
    metadata,
    _id(),
    _of("projects"),
    _text("public_key"),
    _text("label"),
    Column("is_active", Boolean, nullable=False),
    _time("created_at"),
    UniqueConstraint("public_key"),
    Index(None, "project"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _of("organisations"),
    Column("project", ForeignKey("projects.id")),
    Column("digest", LargeBinary, nullable=False),
    _text("name"),
    _text("hint"),
    Column("scopes", Json(tuple[str, ...]), nullable=False),
    _time("created_at"),
    _time("last_used_at", nullable=True),
    _time("revoked_at", nullable=True),
    UniqueConstraint("digest"),
    Index(None, "organisation"),
    sqlite_autoincrement=True,
)

audit_log = Table(
    "audit_log",
    metadata,
    _id(BigInteger),
    Column("organisation", Integer, nullable=False),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _time("at"),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    _text("client_ip"),
    Index(None, "organisation", "id"),
    sqlite_autoincrement=True,
)

# --- issues -----------------------------------------------------------------------------------------------------------

issues = Table(
    "issues",
    metadata,
    _id(BigInteger),
    _of("projects"),
    _text("short_id"),
    _text("title"),
    _text("culprit"),
    _text("level"),
    _text("status"),
    _text("platform"),
    Column("count", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    _time("first_seen"),
    _time("last_seen"),
    _text("first_release"),
    _text("last_release"),
    _time("last_release_at", nullable=True),  # when the newest event that names a release happened
    _text("assignee"),
    _time("regressed_at", nullable=True),
    _text("search"),  # title and culprit, case folded
    UniqueConstraint("project", "short_id"),
    # `count` and `users` change with every event: sorting a project's issues costs less than keeping an index on them.
    Index(None, "project", "last_seen", "id"),
    Index(None, "project", "first_seen", "id"),
    sqlite_autoincrement=True,
)

issue_keys = Table(
    "issue_keys",
    metadata,
    Column("project", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("issue", Big, ForeignKey("issues.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

issue_users = Table(
    "issue_users",
    metadata,
    Column("issue", BigInteger, primary_key=True),
    Column("user", LargeBinary, primary_key=True),  # a hash: only how many there are is asked
    sqlite_with_rowid=False,
)

issue_facets = Table(
    "issue_facets",
    metadata,
    Column("issue", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    _time("last_seen"),
    Index(None, "name", "value", "issue"),
    sqlite_with_rowid=False,
)

event_ids = Table(
    "event_ids",
    metadata,
    Column("project", Integer, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("issue", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("project", Integer, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

applied_marks = Table(
    "applied_marks",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", Big, primary_key=True),
    _text("id"),
    _text("type"),
    Column("project", Integer, nullable=False),
    _time("at"),
    Column("data", Json, nullable=False),
    Column("v", Integer, nullable=False),
    UniqueConstraint("id"),
    sqlite_autoincrement=True,
)

# --- events -----------------------------------------------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("number", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    _text("event_id"),
    _text("key"),
    _time("timestamp"),
    _time("received_at"),
    _text("level"),
    _text("release"),
    _text("environment"),
    _text("user"),
    _text("title"),
    _text("culprit"),
    Column("grouping", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON, then zstd; last, so that lists never read past what they need
    UniqueConstraint("project", "event_id"),
    Index(None, "project", "key", "received_at", "number"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("number", Big, primary_key=True),
    _text("id"),
    Column("project", Integer, nullable=False),
    _text("event_id"),
    _text("name"),
    _text("content_type"),
    _text("type"),
    Column("size", BigInteger, nullable=False),
    _text("blob"),
    _time("received_at"),
    UniqueConstraint("id"),
    Index(None, "project", "event_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("number", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    _text("id"),
    _text("event_id"),
    _text("name"),
    _text("email"),
    _text("message"),
    _time("received_at"),
    Column("data", Json, nullable=False),
    UniqueConstraint("project", "id"),
    Index(None, "project", "event_id", "received_at", "number"),
    Index(None, "project", "received_at", "number"),
)
