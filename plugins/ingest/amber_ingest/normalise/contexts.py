"""Contexts: named objects that say on what the event happened."""

import re
from typing import Any

from amber_ingest.normalise.bags import bag
from amber_ingest.normalise.notes import Notes, Path

SIZE, FLAGS_SIZE, DEPTH = 8192, 128 * 1024, 7
MOST = 100
COMBINED = ("os", "browser", "runtime", "client_os")
FIRST = ("type", "trace_id", "span_id", "os", "browser", "runtime", "name", "version")
_VERSION = re.compile(r"^(?P<name>.{1,100}?)[ /]v?(?P<version>\d[\w.\-+]{0,100})(?: |$)")
_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-fA-F]{32}"), re.compile(r"[0-9a-fA-F]{16}")
_ROOM = {"flags": bag(FLAGS_SIZE, DEPTH)}
_OTHER = bag(SIZE, DEPTH)


def contexts(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """Contexts by name, each an object that says its `type`."""
    if not isinstance(value, dict):
        notes.bad(path, "expected an object", value)
        return None
    value.pop("reprocessing", None)
    if len(value) > MOST:
        notes.shortened(path, len(value))
    kept = {}
    for name, content in list(value.items())[:MOST]:
        right = None if content is None else _context(name, content, notes, (*path, name))
        if right is not None:
            kept[name[:200]] = right
    return kept


def _context(name: str, value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        notes.bad(path, "expected an object")
        return None
    if not isinstance(value.get("type"), str):
        value["type"] = name[:200]
    if value["type"] in COMBINED or name in COMBINED:
        combine(name if name in COMBINED else value["type"], value)
    # What is cut is cut from the end, and these must not be: without them the context would be another one.
    head = {field: value[field] for field in FIRST if field in value}
    right: dict[str, Any] | None = _ROOM.get(name, _OTHER).mend(head | value, notes, path)
    return right


def combine(kind: str, value: dict[str, Any]) -> None:
    """Add name and version as one text (`Chrome 120.0.0`), taken from the raw description where they are missing."""
    field = "os" if kind == "client_os" else kind
    raw = value.get("raw_description")
    if isinstance(raw, str) and not value.get("name"):
        found = _VERSION.match(raw)
        value["name"] = found["name"] if found else raw[:100]
        if found and not value.get("version"):
            value["version"] = found["version"]
    name, version = value.get("name"), value.get("version")
    if isinstance(name, str) and name and field not in value:
        value[field] = f"{name[:200]} {version[:200]}" if isinstance(version, str) and version else name[:200]


def force_trace(data: dict[str, Any], event_id: str) -> None:
    """Give the event a trace of its own where it names none."""
    own = {"type": "trace", "trace_id": event_id, "span_id": event_id[:16], "status": "unknown"}
    data.setdefault("contexts", {}).setdefault("trace", own)


def mend_trace(value: Any, event_id: str, notes: Notes) -> None:
    """Put the event's own id where the trace among raw contexts has a wrong one or none, before any context is cut."""
    trace = value.get("trace") if isinstance(value, dict) else None
    if not isinstance(trace, dict):
        return
    for field, pattern, own in (("trace_id", _TRACE_ID, event_id), ("span_id", _SPAN_ID, event_id[:16])):
        given = trace.get(field)
        if isinstance(given, str) and pattern.fullmatch(given) and given.strip("0"):
            trace[field] = given.lower()
            continue
        if given is not None:
            notes.bad(("contexts", "trace", field), "expected hexadecimal digits", given)
        trace[field] = own
