"""Tenants, what belongs to them, and the log of who changed what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from amber_storage.sql.columns import Json
from amber_storage.sql.schema.parts import an_id, metadata, moment, owner, text

organisations = Table(
    "organisations",
    metadata,
    an_id(),
    text("slug"),
    text("name"),
    moment("created_at"),
    UniqueConstraint("slug"),
    sqlite_autoincrement=True,
)

projects = Table(
    "projects",
    metadata,
    an_id(),
    owner("organisations"),
    text("slug"),
    text("name"),
    text("platform"),
    moment("created_at"),
    Column("settings", Json, nullable=False),
    Column("last_number", Integer, nullable=False),  # of the newest issue; its short id is made of it
    UniqueConstraint("organisation", "slug"),
    sqlite_autoincrement=True,
)

project_keys = Table(
    "project_keys",
    metadata,
    an_id(),
    owner("projects"),
    text("public_key"),
    text("label"),
    Column("is_active", Boolean, nullable=False),
    moment("created_at"),
    UniqueConstraint("public_key"),
    Index(None, "project"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    an_id(),
    owner("organisations"),
    Column("project", ForeignKey("projects.id")),
    Column("digest", LargeBinary, nullable=False),
    text("name"),
    text("hint"),
    Column("scopes", Json(tuple[str, ...]), nullable=False),
    moment("created_at"),
    moment("last_used_at", nullable=True),
    moment("revoked_at", nullable=True),
    Column("team", Integer),  # no foreign key: the revoked tokens of a team stay when it goes
    UniqueConstraint("digest"),
    Index(None, "organisation"),
    sqlite_autoincrement=True,
)

audit_log = Table(
    "audit_log",
    metadata,
    an_id(BigInteger),
    Column("organisation", Integer, nullable=False),
    text("actor"),
    text("action"),
    text("subject"),
    moment("at"),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    text("client_ip"),
    Index(None, "organisation", "id"),
    Index(None, "organisation", "subject", "id"),
    sqlite_autoincrement=True,
)
