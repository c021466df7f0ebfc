from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from amber import Context
from amber.context import Services
from amber.database import make_engine
from amber.manifest import read_manifest
from amber.migrate import upgrade
from amber.model import AuditEntry, Directory, Organisation, Project
from amber_auth import password
from amber_storage import sql
from amber_storage.sql.directory import SqlDirectory
from sqlalchemy import Engine

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'amber.db'}")
    for name, module in (("sql", sql), ("password", password)):
        upgrade(made, name, Path(str(module.__file__)).parent / "migrations")
    yield made
    made.dispose()


@pytest.fixture
def directory(engine: Engine) -> Directory:
    return SqlDirectory(engine)


@pytest.fixture
def contexts(engine: Engine, directory: Directory, tmp_path: Path) -> Callable[[str], Context[Any]]:
    """A plugin's context as the kernel would make it, with the rights of its manifest alone."""
    services = Services(tmp_path)
    services.engine = lambda: engine
    services.roles["directory"] = directory

    def made(name: str) -> Context[Any]:
        (entry,) = entry_points(group="amber.plugins", name=name)
        return Context(read_manifest(entry), None, services)

    return made


@pytest.fixture
def organisation(directory: Directory) -> Organisation:
    return directory.add_organisation("acme", "Acme", AUDIT)


@pytest.fixture
def project(directory: Directory, organisation: Organisation) -> Project:
    return directory.add_project(organisation.id, "shop", "Shop", "python", AUDIT)
