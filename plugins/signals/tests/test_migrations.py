"""The migrations make the tables that the code speaks of, and a plugin's manifest covers them."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from amber_signals import checkins
from amber_signals.checkins.schema import metadata


def test_migrations_make_the_tables_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "alembic_version_checkins"})
        assert compare_metadata(context, metadata) == []


def test_every_table_is_one_that_the_manifest_asks_for() -> None:
    manifest = tomllib.loads(Path(str(checkins.__file__)).with_name("plugin.toml").read_text(encoding="utf-8"))
    [pattern] = manifest["rights"]["tables"]
    assert all(fnmatch(name, pattern) for name in metadata.tables)
