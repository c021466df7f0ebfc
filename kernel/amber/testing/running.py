"""A whole kernel with every installed plugin, on an SQLite file and without a bus: for tests of what plugins serve.

Import the fixtures into a `conftest.py`: `kernel` (its database is empty at the start of each test) and `app`.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData

from amber.config import DatabaseConfig, Server, Settings
from amber.kernel import Kernel
from amber.plugin.context import Context
from amber.running.app import Applications
from amber.running.health import Health
from amber.running.mounts import Mounts
from amber.watching.status import Board

__all__ = ["Kernel", "app", "context", "kernel", "session_kernel"]
PUBLIC_URL = "https://amber.test/errors"
"""Where these kernels believe they are reached."""


@pytest.fixture(scope="session")
def session_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A started kernel; starting one for each test would take most of the tests' time."""
    data = tmp_path_factory.mktemp("amber")
    database = DatabaseConfig(url=f"sqlite:///{data / 'amber.db'}")
    made = Kernel(Settings(server=Server(public_url=PUBLIC_URL), database=database), data, {})
    asyncio.run(made.start())
    yield made
    asyncio.run(made.stop())


@pytest.fixture(scope="session")
def app(session_kernel: Kernel) -> Mounts:
    """The kernel's HTTP application with every plugin's routes."""
    return asyncio.run(Applications(session_kernel, Health(session_kernel, Board(), "test"), "0").settle())


@pytest.fixture
def kernel(session_kernel: Kernel) -> Iterator[Kernel]:
    """The kernel on an empty database, whose ids begin at 1."""
    yield session_kernel
    empty(session_kernel.engine())


def context(kernel: Kernel, plugin: str) -> Context[Any]:
    """What the kernel hands to this plugin."""
    made: Context[Any] = kernel.dispatcher.contexts[plugin]
    return made


def empty(engine: Engine) -> None:
    """Take every row out of an SQLite database, but for what Alembic knows of it."""
    known = MetaData()
    known.reflect(engine, only=lambda name, _: not name.startswith("alembic_version"))
    with engine.begin() as connection:
        for table in reversed(known.sorted_tables):
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
