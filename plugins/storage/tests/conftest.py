"""The stores, on memory, on an SQLite file and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from amber.testing.databases import open_database
from amber_storage import sql
from amber_storage.files.blobs import FileBlobStore
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore
from amber_storage.sql.schema import metadata

# It is one of pytest's own plugins in other test folders, which must not find it imported plainly.
pytest.register_assert_rewrite("amber.testing.postgres")

from amber.testing.postgres import PostgresServer, postgres, postgres_url  # noqa: E402 - after the line above

__all__ = ["postgres", "postgres_url"]


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a PostgreSQL database that holds the store's empty tables."""
    name = postgres.create()
    open_database(postgres.url(name), sql).dispose()
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that holds the store's empty tables."""
    file = tmp_path_factory.mktemp("template") / "amber.db"
    open_database(f"sqlite:///{file}", sql).dispose()
    return file


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """An SQLite file of this test's own, with empty tables."""
    made = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'amber.db')}")
    yield made
    made.dispose()


@pytest.fixture
def postgres_engine(postgres: PostgresServer, postgres_template: str) -> Iterator[Engine]:
    """A PostgreSQL database of this test's own, with empty tables."""
    name = postgres.create(postgres_template)
    made = open_database(postgres.url(name))
    yield made
    made.dispose()
    postgres.drop(name)


@pytest.fixture
def memory_engine() -> Iterator[Engine]:
    """A database in memory with empty tables."""
    made = open_database("sqlite://")
    metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the three in turn."""
    made: Engine = request.getfixturevalue(f"{request.param}_engine")
    return made


@pytest.fixture
def event_store(engine: Engine) -> SqlEventStore:
    return SqlEventStore(engine)


@pytest.fixture
def issue_store(engine: Engine) -> SqlIssueStore:
    return SqlIssueStore(engine)


@pytest.fixture
def directory(engine: Engine) -> SqlDirectory:
    return SqlDirectory(engine)


@pytest.fixture
def blob_store(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")
