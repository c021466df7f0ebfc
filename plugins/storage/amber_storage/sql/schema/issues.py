"""Issues, what is counted about them, and the outbox."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from amber_storage.sql.columns import Big, Json
from amber_storage.sql.schema.parts import an_id, metadata, moment, owner, text

issues = Table(
    "issues",
    metadata,
    an_id(BigInteger),
    owner("projects"),
    text("short_id"),
    text("title"),
    text("culprit"),
    text("level"),
    text("status"),
    text("platform"),
    Column("count", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    moment("first_seen"),
    moment("last_seen"),
    text("first_release"),
    text("last_release"),
    moment("last_release_at", nullable=True),  # when the newest event that names a release happened
    text("assignee"),
    moment("regressed_at", nullable=True),
    Column("pruned", BigInteger, nullable=False, server_default="0"),  # how many of `count` are no longer kept
    text("search"),  # title and culprit, case folded
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
    moment("last_seen"),
    Index(None, "name", "value", "issue"),
    sqlite_with_rowid=False,
)

issue_hours = Table(
    "issue_hours",
    metadata,
    Column("issue", BigInteger, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

counted_events = Table(
    "counted_events",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),  # from `event_ids`
    Column("issue", BigInteger, nullable=False),
)

# What retention let go. Its ids stay known for a while, so that an event that is sent again is no new one.
gone_events = Table(
    "gone_events",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),  # from `event_ids`
    Column("project", Integer, nullable=False),
    moment("gone_at"),
    Index(None, "project", "gone_at", "number"),
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
    text("id"),
    text("type"),
    Column("project", Integer, nullable=False),
    moment("at"),
    Column("data", Json, nullable=False),
    Column("v", Integer, nullable=False),
    UniqueConstraint("id"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    text("holder"),
    moment("started_at"),
    moment("expires_at"),
    sqlite_with_rowid=False,
)
