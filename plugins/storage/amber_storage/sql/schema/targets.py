"""Whom a project's news goes to, and how that went."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table

from amber.model import Notification
from amber_storage.sql.columns import Json
from amber_storage.sql.schema.parts import an_id, metadata, moment, owner, text

targets = Table(
    "targets",
    metadata,
    an_id(),
    owner("projects"),
    text("plugin"),
    text("name"),
    Column("settings", Json, nullable=False),
    Column("kinds", Json(tuple[str, ...]), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    moment("created_at"),
    Index(None, "project"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    an_id(BigInteger),
    owner("targets"),
    Column("notification", Json(Notification), nullable=False),
    Column("number", Integer, nullable=False),
    moment("at"),
    moment("seconds"),
    text("outcome"),
    text("detail"),
    Index(None, "target", "id"),
    sqlite_autoincrement=True,
)
