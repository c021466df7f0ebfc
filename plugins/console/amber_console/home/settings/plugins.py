"""`/plugins`: what Amber is made of, how each part fares, and the switch of each."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from amber.errors import Reject
from amber.model import rights_words
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked

STATES: Mapping[str, tuple[str, str]] = {
    "running": ("Runs", ""),
    "disabled": ("Off", "debug"),
    "starting": ("Starting", "debug"),
    "found": ("Not started", "debug"),
    "incompatible": ("Cannot run", "warning"),
    "tripped": ("Paused", "error"),
    "failed": ("Failed", "error"),
}
"""A state in words, and the level whose colour it has."""
FAMILIES: Mapping[str, str] = {"api": "API", "": "Others"}
"""Families whose name is not read as it is written."""
PLACES: Mapping[str, str] = {
    "inline": "inside Amber's own processes",
    "process": "in a process of its own",
    "remote": "where you start it",
}
"""Where a plugin runs."""
OWN = "console"
GRAVE: Mapping[str, str] = {
    "auth": "People or programs that are known by it can no longer get in; where nobody can, the command line switches"
    " it on again.",
    "ingest": "What SDKs send over it is refused until it is on again.",
    "storage": "What it keeps cannot be read until it is on again.",
}
"""What people should know before they switch off a plugin of these families."""


class Mark(Struct, frozen=True):
    """What is wrong with a plugin that runs: words, the level whose colour they have, and where there is more."""

    words: str
    level: str
    path: str = ""


class Row(Struct, frozen=True):
    """A plugin in the list. `fixed` is why it cannot be switched, empty where it can; `grave` what that would mean."""

    facts: Mapping[str, Any]
    state: str
    level: str
    rights: Sequence[str]
    fixed: str
    grave: str
    place: str
    marks: Sequence[Mark] = ()
    is_settable: bool = False


@get("/plugins", action="project:read")
async def plugins_page(asked: Ask) -> Response[bytes]:
    """Every installed plugin."""
    return await _page(asked)


@post("/plugins/{name:str}", action="admin")
async def switch_plugin(asked: Ask, name: FromPath[str]) -> Response[Any]:
    """Switch a plugin on or off, everywhere."""
    enabled, visitor = asked.form.text("enabled") == "on", asked.visitor
    try:
        if name == OWN and not enabled:
            raise Reject(
                "The console cannot switch itself off; “amber plugins disable console” in a terminal does.", status=409
            )
        await visitor.kernel("toggle")(name, enabled, visitor.audit("plugin.switch", f"plugin:{name}"))
    except Reject as refusal:
        return await _page(asked, refusal)
    return go(f"/plugins?done={'on' if enabled else 'off'}#{name}")


async def _page(asked: Asked, refusal: Reject | None = None) -> Response[bytes]:
    facts = await asyncio.to_thread(asked.visitor.kernel("plugins"))
    laden = await asked.visitor.kernel("consumers").laden(facts)
    settable = {form.plugin for form in asked.visitor.kernel("settings").forms()}
    rows = [replace(_row(one), is_settable=one["name"] in settable) for one in laden]
    if asked.visitor.is_superuser:
        rows = [replace(row, marks=tuple(_marks(row.facts))) for row in rows]
    return await asyncio.to_thread(_drawn, asked, rows, refusal)


def _drawn(asked: Asked, rows: list[Row], refusal: Reject | None) -> Response[bytes]:
    families: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda one: str(one.facts["title"]).lower()):
        families.setdefault(_family(row.facts), []).append(row)
    troubled = [row for row in rows if row.level in ("warning", "error") or row.marks]
    running = sum(row.facts["state"] == "running" for row in rows)
    return asked.draw("plugins", refusal=refusal, families=sorted(families.items()), troubled=troubled, running=running)


def _family(facts: Mapping[str, Any]) -> str:
    name = str(next(iter(facts.get("families") or ()), ""))
    return FAMILIES.get(name, name.capitalize())


def _row(facts: Mapping[str, Any]) -> Row:
    name = str(facts["state"])
    # other processes follow within a second or two of this one, and the report tells of the slowest
    state, level = STATES.get("starting" if name == "disabled" and facts["enabled"] else name, (name, "debug"))
    grave = next((GRAVE[one] for one in facts.get("families") or () if one in GRAVE), "") if facts["enabled"] else ""
    rights = rights_words(facts.get("rights") or {})
    return Row(facts, state, level, rights, _fixed(facts), grave, PLACES[facts["isolation"]])


def _marks(facts: Mapping[str, Any]) -> Iterator[Mark]:
    if refused := facts["refused"]:
        yield Mark(f"refused {times(refused)}", "error")
    if letters := facts.get("dead_letters"):
        words = f"{letters:,} dead letter{'s' if letters > 1 else ''}"
        yield Mark(words, "error", f"/dead-letters?plugin={quote(str(facts['name']))}")
    if restarts := facts.get("restarts"):  # an older process does not say
        yield Mark(f"ended and started anew {times(restarts)}", "warning")


def times(count: int) -> str:
    """How often, in words."""
    return "once" if count == 1 else f"{count:,} times"


def _fixed(facts: Mapping[str, Any]) -> str:
    if not facts["version"]:
        return "it is not installed"
    if facts["is_pinned"]:
        return "pinned in amber.toml"
    if facts["name"] == OWN:
        return "you are looking at it"
    if facts["enabled"] and not facts["is_switchable"]:
        return "Amber cannot do without it"
    return "it cannot run here" if facts["state"] == "incompatible" else ""


HANDLERS = (plugins_page, switch_plugin)
