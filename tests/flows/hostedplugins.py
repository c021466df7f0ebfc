"""A distribution of plugins as strangers write them, each to be run in a process of its own."""

from collections.abc import Mapping
from pathlib import Path

MANIFEST = """\
name = "{name}"
title = "{name}"
summary = "Somebody else's."
families = ["integrations"]
hooks = [{hooks}]
budget_ms = {budget_ms}

[settings]
project = ["greeting"]

[rights]
facts = ["issue.created"]
publish = ["guest.noticed"]
"""

HEAD = '''\
"""A plugin nobody should be hurt by."""

import asyncio, os, signal, subprocess, sys, threading, time
from pathlib import Path

from amber import errors, hookimpl, model
from amber.model import Additions, Fact, Receipt

HERE = Path({folder!r})


def note(text):
    with (HERE / "{name}.notes").open("a") as out:
        out.write(text + "\\n")


def told():
    path = HERE / "{name}.told"
    return path.read_text() if path.exists() else ""


def tell(text):
    (HERE / "{name}.told").write_text(text)


note(f"imported {{os.getpid()}}")
'''


def install(
    folder: Path,
    plugins: Mapping[str, str],
    hooks: str = "on_fact",
    budget_ms: int = 2000,
    package: str = "amber_guests",
) -> None:
    """Lay a distribution out as pip would with `--target`: each plugin's name and the rest of its module."""
    entries = ["[amber.plugins]"]
    for name, body in plugins.items():
        home = folder / package / name
        home.mkdir(parents=True)
        (home / "__init__.py").write_text(HEAD.format(folder=str(folder), name=name) + body)
        listed = ", ".join(f'"{hook}"' for hook in hooks.split())
        (home / "plugin.toml").write_text(MANIFEST.format(name=name, hooks=listed, budget_ms=budget_ms))
        entries.append(f"{name} = {package}.{name}")
    (folder / package / "__init__.py").touch()
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(entries) + "\n")
    (info / "INSTALLER").write_text("pip\n")


def notes(folder: Path, name: str) -> list[str]:
    """What a plugin noted, as it did it."""
    path = folder / f"{name}.notes"
    return path.read_text().splitlines() if path.exists() else []


def tell(folder: Path, name: str, text: str) -> None:
    """Tell a plugin that asks how to behave."""
    (folder / f"{name}.told").write_text(text)
