"""Chains of exceptions and threads, each with its stack."""

import re
from typing import Annotated, Any

from msgspec import Meta

from amber_ingest.normalise.bags import bag
from amber_ingest.normalise.encoding import written
from amber_ingest.normalise.frames import stacktrace
from amber_ingest.normalise.mechanism import mechanism, name_codes
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import BOOLEAN, Rule, Shape, entries, loose_text, shorten, text

_TYPE_IN_VALUE = re.compile(r"^(\w+):(.*)$", re.DOTALL)
VALUE = 8192, 200
TYPE = 256, 20


def _value(value: Any, notes: Notes, path: Path) -> str:
    return shorten(value if isinstance(value, str) else written(value), VALUE, notes, path)


THREAD_ID = Rule(int | Annotated[str, Meta(max_length=128)], loose_text(128).mend)
STACK = Rule(Any, stacktrace, always=True)

EXCEPTION = Shape(
    "ExceptionShape",
    {
        "type": text(*TYPE),
        "value": Rule(str, _value, always=True),
        "module": text(256, 20),
        "stacktrace": STACK,
        "raw_stacktrace": STACK,
        "thread_id": THREAD_ID,
        "mechanism": Rule(Any, mechanism, always=True),
    },
)

THREAD = Shape(
    "ThreadShape",
    {
        "id": THREAD_ID,
        "name": loose_text(256),
        "stacktrace": STACK,
        "raw_stacktrace": STACK,
        "crashed": BOOLEAN,
        "current": BOOLEAN,
        "main": BOOLEAN,
        "state": text(64),
        "held_locks": bag(2048, 3),
    },
)


def exceptions(value: Any, notes: Notes, path: Path) -> dict[str, Any]:
    """A chain of exceptions, oldest cause first; those that say neither type nor value are dropped."""
    inner = (*path, "values")
    kept: list[dict[str, Any]] = []
    for entry in entries(value, notes, inner):
        exception = EXCEPTION.apply(entry, notes, (*inner, str(len(kept))))
        if exception is None:
            continue
        _split_type(exception)
        if exception.get("type") or exception.get("value"):
            kept.append(exception)
        else:
            notes.bad(inner, "an exception needs a type or a value", kind="missing_attribute")
    return {"values": kept}


def threads(value: Any, notes: Notes, path: Path) -> dict[str, Any]:
    """Threads with their stacks."""
    inner = (*path, "values")
    kept: list[dict[str, Any]] = []
    for entry in entries(value, notes, inner):
        thread = THREAD.apply(entry, notes, (*inner, str(len(kept))))
        if thread is not None:
            kept.append(thread)
    return {"values": kept}


def complete(data: dict[str, Any]) -> None:
    """Give a single exception without a stack the event's own, and names to signals where the system is known."""
    chain = (data.get("exception") or {}).get("values") or []
    if len(chain) == 1 and data.get("stacktrace") and not chain[0].get("stacktrace"):
        chain[0]["stacktrace"] = data.pop("stacktrace")
    os = (data.get("contexts") or {}).get("os") or {}
    for exception in chain:
        if exception.get("mechanism"):
            name_codes(exception, str(os.get("name") or ""))


def _split_type(exception: dict[str, Any]) -> None:
    """`ValueError: no` in the value is type and value, where no type is given."""
    if exception.get("type") or not exception.get("value"):
        return
    found = _TYPE_IN_VALUE.match(exception["value"])
    if found:
        kind = found[1][: TYPE[0]]
        exception["type"], exception["value"] = kind, found[2].strip()
