"""The stores, on memory, on an SQLite file and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from amber.database import make_engine
from amber.migrate import upgrade
from amber.testing.postgres import PostgresServer, postgres
from amber_storage import sql
from amber_storage.files.blobs import FileBlobStore
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore
from sqlalchemy import Engine

__all__ = ["postgres"]
MIGRATIONS = Path(sql.__file__).parent / "migrations"


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a PostgreSQL database that holds the store's empty tables."""
    name = postgres.create()
    engine = make_engine(postgres.url(name))
    upgrade(engine, "sql", MIGRATIONS)
    engine.dispose()
    return name


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database of this test's own, with empty tables."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.create(request.getfixturevalue("postgres_template"))
        made = make_engine(server.url(name))
    else:
        made = make_engine("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/amber.db")
        upgrade(made, "sql", MIGRATIONS)
    yield made
    made.dispose()
    if request.param == "postgresql":
        server.drop(name)


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
