"""`/plugins`: what Amber is made of, how each part fares, and the switch of each."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from amber.errors import Reject
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked

STATES: Mapping[str, tuple[str, str]] = {
    "running": ("Runs", ""),
    "disabled": ("Off", "debug"),
    "found": ("Not started", "debug"),
    "incompatible": ("Cannot run", "warning"),
    "tripped": ("Paused: it failed too often", "error"),
    "failed": ("Failed", "error"),
}
"""A state in words, and the level whose colour it has."""
FAMILIES: Mapping[str, str] = {"api": "API", "": "Others"}
"""Families whose name is not read as it is written."""
STARTING = ("Starting", "debug")
OWN = "console"
GRAVE: Mapping[str, str] = {
    "auth": "People or programs that are known by it can no longer get in; where nobody can, the command line switches"
    " it on again.",
    "ingest": "What SDKs send over it is refused until it is on again.",
    "storage": "What it keeps cannot be read until it is on again.",
}
"""What people should know before they switch off a plugin of these families."""


class Row(Struct, frozen=True):
    """A plugin in the list. `fixed` is why it cannot be switched, empty where it can; `grave` what that would mean."""

    facts: Mapping[str, Any]
    state: str
    level: str
    rights: Sequence[str]
    fixed: str
    grave: str


@get("/plugins", action="project:read", sync_to_thread=True)
def plugins_page(asked: Ask) -> Response[bytes]:
    """Every installed plugin."""
    return _page(asked)


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
        return await asyncio.to_thread(_page, asked, refusal)
    return go(f"/plugins?done={'on' if enabled else 'off'}#{name}")


def _page(asked: Asked, refusal: Reject | None = None) -> Response[bytes]:
    rows = [_row(one) for one in asked.visitor.kernel("plugins")()]
    families: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda one: str(one.facts["title"]).lower()):
        families.setdefault(_family(row.facts), []).append(row)
    troubled = [row for row in rows if row.level in ("warning", "error")]
    running = sum(row.facts["state"] == "running" for row in rows)
    return asked.draw("plugins", refusal=refusal, families=sorted(families.items()), troubled=troubled, running=running)


def _family(facts: Mapping[str, Any]) -> str:
    name = str(next(iter(facts.get("families") or ()), ""))
    return FAMILIES.get(name, name.capitalize())


def _row(facts: Mapping[str, Any]) -> Row:
    name = str(facts["state"])
    # other processes follow within a second or two of this one, and the report tells of the slowest
    state, level = STARTING if name == "disabled" and facts["enabled"] else STATES.get(name, (name, "debug"))
    grave = next((GRAVE[one] for one in facts.get("families") or () if one in GRAVE), "") if facts["enabled"] else ""
    return Row(facts, state, level, rights_words(facts.get("rights") or {}), _fixed(facts), grave)


def _fixed(facts: Mapping[str, Any]) -> str:
    if facts["is_pinned"]:
        return "amber.toml decides"
    if facts["name"] == OWN:
        return "you are looking at it"
    if facts["enabled"] and not facts["is_switchable"]:
        return "Amber cannot do without it"
    return "it cannot run here" if facts["state"] == "incompatible" else ""


def rights_words(rights: Mapping[str, Any]) -> list[str]:
    """What a plugin may do, a sentence for each right it asks for."""
    hosts = list(rights.get("hosts") or ())
    said = {
        "sends requests to any address": hosts if "*" in hosts else [],
        f"sends requests to {_listed(hosts)}": hosts if "*" not in hosts else [],
        f"hears of {_listed(rights.get('facts'))}": rights.get("facts"),
        f"tells of {_listed(rights.get('publish'))}": rights.get("publish"),
        f"keeps tables of its own: {_listed(rights.get('tables'))}": rights.get("tables"),
        f"uses the {_listed(rights.get('roles'))}": rights.get("roles"),
        f"asks the kernel for {_listed(rights.get('kernel'))}": rights.get("kernel"),
    }
    return [sentence for sentence, granted in said.items() if granted]


def _listed(words: Sequence[str] | None) -> str:
    shown = [one.replace("_", " ") if "." not in one else one for one in words or ()]
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + shown[-1] if shown else ""


HANDLERS = (plugins_page, switch_plugin)
