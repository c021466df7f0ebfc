"""Databases for tests of plugins that keep tables."""

from pathlib import Path
from types import ModuleType

from sqlalchemy import Engine

from amber.database import make_engine
from amber.migrate import upgrade


def open_database(url: str, *plugins: ModuleType) -> Engine:
    """An engine as the kernel makes it, with the tables of these plugins at their newest revision."""
    engine = make_engine(url)
    for plugin in plugins:
        folder = Path(str(plugin.__file__)).parent
        upgrade(engine, folder.name, folder / "migrations")
    return engine
