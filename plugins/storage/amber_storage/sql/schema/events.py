"""Events, and what came with them."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from amber_storage.sql.columns import Big, Json
from amber_storage.sql.schema.parts import metadata, moment, text

events = Table(
    "events",
    metadata,
    Column("number", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    text("event_id"),
    text("key"),
    moment("timestamp"),
    moment("received_at"),
    text("level"),
    text("release"),
    text("environment"),
    text("user"),
    text("title"),
    text("culprit"),
    Column("grouping", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON, then zstd; last, so that lists never read past what they need
    UniqueConstraint("project", "event_id"),
    Index(None, "project", "key", "received_at", "number"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("number", Big, primary_key=True),
    text("id"),
    Column("project", Integer, nullable=False),
    text("event_id"),
    text("name"),
    text("content_type"),
    text("type"),
    Column("size", BigInteger, nullable=False),
    text("blob"),
    moment("received_at"),
    UniqueConstraint("id"),
    Index(None, "project", "event_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("number", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    text("id"),
    text("event_id"),
    text("name"),
    text("email"),
    text("message"),
    moment("received_at"),
    Column("data", Json, nullable=False),
    UniqueConstraint("project", "id"),
    Index(None, "project", "event_id", "received_at", "number"),
    Index(None, "project", "received_at", "number"),
)
