"""Databases for tests of plugins that keep tables."""

from pathlib import Path
from types import ModuleType

from sqlalchemy import Engine

from amber.plugin.manifest import parse_manifest
from amber.tables.database import make_engine
from amber.tables.migrate import upgrade


def open_database(url: str, *plugins: ModuleType) -> Engine:
    """An engine as the kernel makes it, with the tables of these plugins at their newest revision."""
    engine = make_engine(url)
    for plugin in plugins:
        folder = Path(str(plugin.__file__)).parent
        manifest = parse_manifest((folder / "plugin.toml").read_bytes(), folder.name, str(folder))
        upgrade(engine, manifest.name, folder / "migrations", manifest.rights.tables)
    return engine
