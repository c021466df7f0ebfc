"""Events, and what came with them."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from amber_storage.sql.columns import Big, Hex, Json
from amber_storage.sql.schema.parts import metadata, moment, text

# Ids are random, so an index of them is written all over the place: it is kept once, small, and gives each event a
# number. All else that there is by the million is kept in the order of these numbers, so that it grows at its end.
event_ids = Table(
    "event_ids",
    metadata,
    Column("number", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("event_id", Hex, nullable=False),
    UniqueConstraint("project", "event_id"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),  # from `event_ids`
    Column("project", Integer, nullable=False),
    Column("event_id", Hex, nullable=False),
    Column("grouping", Big, nullable=False),  # from `groupings`
    moment("timestamp"),
    moment("received_at"),
    text("level"),
    text("release"),
    text("environment"),
    text("user"),
    text("title"),
    text("culprit"),
    Column("body", LargeBinary, nullable=False),  # JSON, then zstd; last, so that lists never read past what they need
    Index(None, "grouping", "received_at", "number"),
    Index(None, "project", "received_at", "number"),
)

# Why events belong together is the same for most events of an issue: it is kept once.
groupings = Table(
    "groupings",
    metadata,
    Column("id", Big, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of `grouping`
    text("key"),
    Column("grouping", Json, nullable=False),
    UniqueConstraint("project", "digest"),
    Index(None, "project", "key"),
    sqlite_autoincrement=True,
)

dictionaries = Table(
    "dictionaries",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),  # as zstd frames name it
    Column("project", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    moment("created_at"),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("project", "generation"),
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
    Index(None, "project", "received_at"),
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
