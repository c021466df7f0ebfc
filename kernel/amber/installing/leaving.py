"""What goes when a plugin goes, and what stays: its tables, its folder and its settings, until they are purged."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from sqlalchemy import Engine, MetaData, Table, inspect

from amber.errors import Reject
from amber.installing import site
from amber.plugin.manifest import Manifest
from amber.registry import first_party
from amber.tables.roles import drop_role


class Leaving(Struct, frozen=True):
    """The distribution that is uninstalled when a plugin is removed, and all the plugins in it."""

    distribution: str
    version: str
    plugins: tuple[str, ...]


def leaving(name: str) -> Leaving:
    """What would go with a plugin. Raises Reject: it is not installed, is part of Amber, or others need it."""
    owners, there = site.owners(), site.installed()
    if (owner := owners.get(name)) is None:
        raise Reject(f"there is no plugin {name!r} to remove", status=404)
    if owner in {canonicalize_name(one) for one in first_party()}:
        raise Reject(f"{name} comes with Amber: switch it off with `amber plugins disable {name}`", status=409)
    if broken := site.broken_by(there, owner, ""):
        raise Reject(f"{name} cannot be removed: {'; '.join(broken)}", status=409)
    gone = tuple(plugin for plugin, its in owners.items() if its == owner)
    return Leaving(there[owner].name, there[owner].version, gone)


def remember(cellar: Path, name: str) -> None:
    """Keep what a plugin's manifest says: after it is gone nobody else knows which tables are its own."""
    manifest = site.manifest_of(name)
    if manifest is not None:
        cellar.mkdir(parents=True, exist_ok=True)
        _note(cellar, name).write_bytes(msgspec.json.encode(manifest))


def remembered(cellar: Path, name: str) -> Manifest:
    """The manifest of a plugin that is installed or was. Raises Reject where neither is known."""
    manifest = site.manifest_of(name)
    if manifest is not None:
        return manifest
    try:
        return msgspec.json.decode(_note(cellar, name).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        raise Reject(f"nothing is known of a plugin {name!r}, so there is nothing to purge", status=404) from None


def forget(cellar: Path, name: str) -> None:
    """Nothing of a plugin is left to be known."""
    _note(cellar, name).unlink(missing_ok=True)


def _note(cellar: Path, name: str) -> Path:
    return cellar / f"{name.replace('/', '_')}.removed.json"


def tables_of(engine: Engine, manifest: Manifest) -> list[str]:
    """The tables that belong to a plugin, and the one its migrations are numbered in."""
    patterns = (*manifest.rights.tables, f"alembic_version_{manifest.name}")
    return [name for name in inspect(engine).get_table_names() if any(fnmatchcase(name, one) for one in patterns)]


def drop_tables(engine: Engine, plugin: str, names: Iterable[str]) -> None:
    """Drop a plugin's tables, all or none, in the order that their references allow, and its role on PostgreSQL."""
    metadata = MetaData()
    with engine.begin() as connection:
        for name in names:
            Table(name, metadata, autoload_with=connection, resolve_fks=False)
        metadata.drop_all(connection)
    if engine.dialect.name == "postgresql":
        drop_role(engine, plugin)
