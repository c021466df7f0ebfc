"""The tables: monitors, how each stands in its environments, runs, and facts that wait to be told."""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Dialect, Double, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeDecorator

from amber.model import Fact
from amber_signals.checkins.monitors import Plan

# SQLite numbers rows by themselves only in a column that is called INTEGER; it holds 64 bits there all the same.
BIG = BigInteger().with_variant(Integer(), "sqlite")


class Json(TypeDecorator[Any]):
    """A value as JSON text, read back as `kind`; None is no value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The value as JSON text."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value as it was."""
        return None if value is None else msgspec.json.decode(value, type=self.kind)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

monitors = Table(
    "checkins_monitors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", Integer, nullable=False),  # of another plugin's table, so no foreign key
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("plan", Json(Plan), nullable=False),
    Column("follows_code", Boolean, nullable=False),
    Column("is_muted", Boolean, nullable=False),
    Column("targets", Json(tuple[int, ...])),
    Column("created_at", Double, nullable=False),
    Unique("project", "slug"),
    sqlite_autoincrement=True,
)

watches = Table(
    "checkins_watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("monitor", ForeignKey("checkins_monitors.id", ondelete="CASCADE"), nullable=False),
    Column("environment", Text, nullable=False),
    Column("is_muted", Boolean, nullable=False),
    Column("last_status", Text, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("due", Double),
    Column("deadline", Double),
    Column("failures", Integer, nullable=False),
    Column("successes", Integer, nullable=False),
    Column("failing_since", Double),
    Unique("monitor", "environment"),
    Index(None, "deadline"),
    sqlite_autoincrement=True,
)

runs = Table(
    "checkins_runs",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("watch", ForeignKey("checkins_watches.id", ondelete="CASCADE"), nullable=False),
    Column("uid", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("ended_at", Double),
    Column("due", Double),
    Column("duration", Double),
    Column("timeout_at", Double),
    Column("closed_by", Text, nullable=False),
    Unique("watch", "uid"),
    Index(None, "watch", "at"),
    Index(None, "timeout_at"),
    sqlite_autoincrement=True,
)

facts = Table(
    "checkins_facts",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("fact", Json(Fact), nullable=False),
    sqlite_autoincrement=True,
)
