"""Plugins that take the whole process with them, each when it meets an event of a certain kind."""

from pathlib import Path

WAYS = {
    "exits": "os._exit(3)",
    "crashes": "ctypes.string_at(0)",
    "blocks": "ctypes.PyDLL(None).sleep(600)",  # a PyDLL never gives the interpreter back
}
"""What each does; its events are of the type `Problem_<way>`."""

ENRICHING = '''\
"""Dies of one kind of event."""

import ctypes
import os

from amber import hookimpl
from amber.digesting.describe import title


@hookimpl
def enrich_events(events):
    if any(title(one).startswith("Problem_{way}") for one in events):
        {what}
    return [None for _ in events]
'''

HANDLING = '''\
"""Dies of one kind of item."""

import os

from amber import hookimpl
from amber.model import Handled, ItemHandler


def handle(items, ctx):
    if any(b"poison" in item.payload for item in items):
        os._exit(3)
    return [Handled() for _ in items]


@hookimpl
def item_handlers(ctx):
    return [ItemHandler(("log",), handle)]
'''

HEARING = '''\
"""Dies of one fact."""

import os

from amber import hookimpl


@hookimpl
def on_fact(fact, ctx):
    if "Problem_heard" in str(fact.data):
        os._exit(3)
'''

MANIFEST = """\
name = "{name}"
title = "{name}"
summary = "Dies."
families = ["enrichment"]

[rights]
facts = ["issue.created"]
"""


def install(folder: Path) -> list[str]:
    """Lay the plugins out as pip would with `--target`; their names."""
    sources = {way: ENRICHING.format(way=way, what=what) for way, what in WAYS.items()}
    sources |= {"handles": HANDLING, "hears": HEARING}
    for name, source in sources.items():
        package = folder / "amber_deadly" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(source)
        (package / "plugin.toml").write_text(MANIFEST.format(name=name))
    (folder / "amber_deadly" / "__init__.py").touch()
    info = folder / "amber_deadly-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-deadly\nVersion: 1.0\n")
    entries = "".join(f"{name} = amber_deadly.{name}\n" for name in sources)
    (info / "entry_points.txt").write_text(f"[amber.plugins]\n{entries}")
    (info / "INSTALLER").write_text("pip\n")
    return list(sources)
