"""Contexts as a page shows them: what it ran on."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber_console.home.issue.values import Pairs, link, mapping, pairs, spelled

TITLES: Mapping[str, str] = {
    "browser": "Browser",
    "client_os": "Operating system",
    "os": "Operating system",
    "device": "Device",
    "runtime": "Runtime",
    "app": "App",
    "trace": "Trace",
    "culture": "Culture",
    "gpu": "GPU",
    "cloud_resource": "Cloud",
    "response": "Response",
    "state": "State",
    "flags": "Feature flags",
    "release": "Release",
}
"""The contexts that are known, in the order in which they are shown."""


class ContextView(Struct, frozen=True):
    """One context; `plugin` is the one that added it, empty where the client sent it."""

    title: str
    pairs: Pairs
    plugin: str = ""


class Added(Struct, frozen=True):
    """What plugins added to an event: tags, and links as (label, address)."""

    tags: Pairs
    links: Pairs


def context_views(data: Mapping[str, Any]) -> tuple[ContextView, ...]:
    """The contexts of an event: the known ones, those the client made up, those plugins added."""
    made_up = _is_made_up(mapping(mapping(data.get("contexts")).get("trace")), data.get("event_id"))
    sent = {name: one for name, one in mapping(data.get("contexts")).items() if name != "trace" or not made_up}
    order = [name for name in TITLES if name in sent] + sorted(name for name in sent if name not in TITLES)
    found = [_shown(name, sent[name]) for name in order]
    for plugin, additions in mapping(data.get("additions")).items():
        found += [_shown(name, one, plugin) for name, one in mapping(mapping(additions).get("contexts")).items()]
    return tuple(one for one in found if one.pairs)


def _is_made_up(trace: Mapping[str, Any], event_id: object) -> bool:
    """Whether the trace is the one every event without any is given, named by the event's own id."""
    return trace.get("trace_id") == event_id and trace.get("status") == "unknown"


def added(data: Mapping[str, Any]) -> Added:
    """The tags and links plugins added; a link that leads anywhere but to the web is left out."""
    every = [mapping(one) for one in mapping(data.get("additions")).values()]
    links = [pair for one in every for pair in pairs(one.get("links")) if link(pair[1])]
    return Added(tuple(pair for one in every for pair in pairs(one.get("tags"))), tuple(links))


def _shown(name: str, value: object, plugin: str = "") -> ContextView:
    given = mapping(value)
    kind = given.get("type")
    # The normal form adds `os: "Linux 6.1"` beside name and version; said once is enough.
    idle = {"type"} if kind == name or kind in TITLES else set()
    idle |= {kind} if isinstance(kind, str) and given.get("name") else set()
    told = {
        field: content for field, content in given.items() if field not in idle and content not in (None, "", {}, [])
    }
    if name == "flags" and isinstance(told.get("values"), list):
        return ContextView(TITLES[name], _flags(told["values"]), plugin)
    return ContextView(TITLES.get(name, name), tuple(_sized(field, text) for field, text in pairs(told)), plugin)


def _sized(field: str, text: str) -> tuple[str, str]:
    """A number of bytes with its size for people."""
    if not field.endswith(("memory", "memory_size", "storage", "storage_size")) or not text.isdecimal():
        return field, text
    return field, f"{int(text) / 2**30:.1f} GiB ({text} bytes)" if len(text) < 20 else text


def _flags(values: list[Any]) -> Pairs:
    return tuple((spelled(mapping(one).get("flag")), spelled(mapping(one).get("result"))) for one in values)
