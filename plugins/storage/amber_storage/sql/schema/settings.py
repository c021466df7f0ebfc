"""What people set for plugins."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from amber_storage.sql.columns import Json
from amber_storage.sql.schema.parts import metadata, moment, text

plugin_settings = Table(
    "plugin_settings",
    metadata,
    text("plugin"),
    Column("organisation", Integer, nullable=False),
    Column("project", Integer, nullable=False),
    Column("values", Json, nullable=False),
    moment("changed_at"),
    PrimaryKeyConstraint("plugin", "organisation", "project"),
)
