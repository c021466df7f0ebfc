"""`plugin.toml`: what a plugin is and may do, read before any of its code is imported."""

import tomllib
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from amber.errors import ConfigError

API = 1
"""The major version of the hook API this kernel speaks."""


class Rights(Struct, frozen=True, forbid_unknown_fields=True):
    """What a plugin may do; everything it does not list is denied to it.

    `hosts` are the hosts it may send requests to over `ctx.http`: exact names, `*.example.org`, or `*` for any.
    """

    facts: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()


class Scopes(Struct, frozen=True, forbid_unknown_fields=True):
    """Which values of `Config` an organisation, or a project, may have of its own; all others hold everywhere."""

    organisation: tuple[str, ...] = ()
    project: tuple[str, ...] = ()


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """A plugin's own description. `budget_ms` replaces the budget of every hook it answers; 0 keeps the hooks' own.

    `hooks` are those it answers over the bus, where it does not run inside Amber's own processes; where it lists none,
    it says so itself once it runs.
    """

    name: str
    title: str
    summary: str
    families: tuple[str, ...]
    api: int = API
    stability: Literal["experimental", "beta", "stable"] = "beta"
    rights: Rights = Rights()
    hooks: tuple[str, ...] = ()
    settings: Scopes = Scopes()
    budget_ms: int = 0
    order: int = 100


def read_manifest(entry: EntryPoint) -> Manifest:
    """The manifest beside the entry point's module, found without importing it.

    Raises ConfigError that names the file and what is wrong with it.
    """
    path = _folder(entry) / "plugin.toml"
    try:
        return parse_manifest(path.read_bytes(), entry.name, str(path))
    except FileNotFoundError:
        raise ConfigError(f"plugin {entry.name}: {path} is missing; every plugin has one beside its module") from None
    except OSError as error:
        raise ConfigError(f"plugin {entry.name}: {path}: {error}") from None


def parse_manifest(data: bytes, name: str, place: str) -> Manifest:
    """The manifest of the plugin `name`. Raises ConfigError that names the place and what is wrong there."""
    try:
        manifest = msgspec.convert(tomllib.loads(data.decode()), Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(f"plugin {name}: {place}: {error}") from None
    if manifest.name != name:
        raise ConfigError(f"plugin {name}: {place} calls it {manifest.name!r}; both names must be the same")
    return manifest


def _folder(entry: EntryPoint) -> Path:
    """The folder of the entry point's module. Only the top-level package is looked up, so nothing is run."""
    top, *rest = entry.module.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"plugin {entry.name}: package {top} cannot be found; install its distribution again")
    candidates = [Path(root, *rest) for root in spec.submodule_search_locations]
    return next((folder for folder in candidates if folder.is_dir()), candidates[0])
