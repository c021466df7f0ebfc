"""The same machine on an SQLite file and on a real PostgreSQL."""

import shutil
from pathlib import Path

from sqlalchemy import Engine

from amber.testing.databases import open_database
from amber.testing.postgres import PostgresServer
from amber_storage import sql

from .steering import drive
from .storemachine import StoreMachine


def test_the_stores_agree_with_their_model_on_sqlite(tmp_path: Path) -> None:
    template, file = tmp_path / "template.db", tmp_path / "amber.db"
    open_database(f"sqlite:///{template}", sql).dispose()

    class SqliteMachine(StoreMachine):
        """A file of each history's own."""

        def open_engine(self) -> Engine:
            return open_database(f"sqlite:///{shutil.copy(template, file)}")

        def close_engine(self) -> None:
            super().close_engine()
            for name in (file, *tmp_path.glob("amber.db-*")):
                name.unlink()

    drive(SqliteMachine, examples=60, steps=40, is_slow=True)


def test_the_stores_agree_with_their_model_on_postgresql(postgres: PostgresServer) -> None:
    template = postgres.create()
    open_database(postgres.url(template), sql).dispose()

    class PostgresMachine(StoreMachine):
        """A database of each history's own."""

        def open_engine(self) -> Engine:
            self.database = postgres.create(template)
            return open_database(postgres.url(self.database))

        def close_engine(self) -> None:
            super().close_engine()
            postgres.drop(self.database)

    drive(PostgresMachine, examples=12, steps=40, is_slow=True)
    postgres.drop(template)
