"""`amber new NAME`: the start of a plugin of one's own, with its tests."""

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import asdict

from amber.errors import ConfigError

TEMPLATE = Path(__file__).with_name("template")
KINDS = ("enrichment", "integration", "grouping", "ingest", "storage", "auth", "alerts", "page", "facts")
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONGEST = 40
"""Characters of a name; it also names the tables of the plugin's migrations."""
RESERVED = frozenset({"all", "amber", "kernel", "plugins", "template", "test", "tests"})
HOW = "Install and start it beside a running Amber:"
TRUST = f"""It must run inside Amber's own processes; if you trust it, write this
into amber.toml in the data folder:

  [plugins.{{name}}]
  isolation = "inline"

{HOW}"""


class Names(Struct, frozen=True):
    """What a plugin is called: by people, by pip and by Python."""

    name: str
    title: str
    distribution: str
    package: str


@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="What it begins as.")
@click.option("--path", type=click.Path(path_type=Path), help="Folder to make; ./amber-NAME if not given.")
def new(name: str, kind: str, path: Path | None) -> None:
    """Begin a plugin: a folder with a small one that works, its manifest, package and tests."""
    names = names_of(name)
    folder = path or Path(names.distribution)
    write_plugin(names, kind, folder)
    place = folder if folder.is_absolute() else f"./{folder}"
    click.echo(f"{folder} holds the plugin {name}. {TRUST.format(name=name) if _needs(kind, names) else HOW}\n")
    click.echo(f"  amber plugins install {place}\n\nor install it to work on it, test it, and then start it:\n")
    click.echo(f"  pip install -e '{place}[dev]' && pytest {place}\n  amber plugins enable {name}")


def names_of(name: str) -> Names:
    """What a plugin of this name is called everywhere. Raises ConfigError where it cannot be called so."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigError(
            f"{name!r} cannot be a plugin's name: it begins with a letter and holds lower-case letters, digits and "
            f"single underscores, {LONGEST} characters at most{_suggestion(name)}"
        )
    from amber.registry import first_party

    distribution, package = f"amber-{name.replace('_', '-')}", f"amber_{name}"
    if name in RESERVED or keyword.iskeyword(name) or distribution in first_party():
        raise ConfigError(f"{name!r} is reserved; choose another name for the plugin")
    _refuse_taken(name, package)
    return Names(name, name.replace("_", " ").capitalize(), distribution, package)


def _suggestion(name: str) -> str:
    close = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:LONGEST].rstrip("_")
    return f"; try {close}" if NAME.fullmatch(close) else ""


def _refuse_taken(name: str, package: str) -> None:
    taken = next((entry for entry in entry_points(group="amber.plugins") if entry.name == name), None)
    if taken is not None:
        owner = taken.dist.name if taken.dist else taken.module
        raise ConfigError(f"there is a plugin {name!r} already, of {owner}; choose another name")
    if find_spec(package) is not None:
        raise ConfigError(f"there is a package {package} already, so pip could not install both; choose another name")


def write_plugin(names: Names, kind: str, folder: Path) -> None:
    """Write a plugin of one of KINDS into a new folder: all of it, or nothing. Raises ConfigError."""
    if folder.exists() or folder.is_symlink():
        raise ConfigError(f"{folder} exists already; nothing was written")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            given = _given(kind, names)
            for source in (TEMPLATE / "every", TEMPLATE / kind):
                _fill(source, draft / "plugin", given)
            (draft / "plugin").rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from error


def _needs(kind: str, names: Names) -> tuple[str, ...]:
    """What a plugin of this kind needs that can only be had inside Amber's own processes."""
    from amber.hosting.logins import inside
    from amber.plugin.manifest import parse_manifest

    place = TEMPLATE / kind / "package" / "plugin.toml.template"
    return inside(parse_manifest(_filled(place, asdict(names)).encode(), names.name, str(place)))


def _given(kind: str, names: Names) -> dict[str, Any]:
    """What stands in the place of what."""
    given, needs = asdict(names), ", ".join(f"`{one}`" for one in _needs(kind, names))
    return {**given, "inside": needs and _filled(TEMPLATE / "inside.md.template", {**given, "needs": needs})}


def _fill(source: Path, folder: Path, given: Mapping[str, Any]) -> None:
    """Copy a part of the template with the plugin's names in it."""
    for file in sorted(source.rglob("*.template")):
        place = file.relative_to(source).with_suffix("")
        target = folder.joinpath(*(given["package"] if part == "package" else part for part in place.parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(file, given), encoding="utf-8")


def _filled(file: Path, given: Mapping[str, Any]) -> str:
    return Template(file.read_text(encoding="utf-8")).substitute(given)
