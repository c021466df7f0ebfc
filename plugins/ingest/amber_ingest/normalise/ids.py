"""Event ids: 32 lower-case hexadecimal digits."""

import re
from hashlib import blake2b
from typing import Any

from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.encoding import written
from amber_ingest.normalise.notes import Notes

_ID = re.compile(r"[0-9a-f]{32}")


def parse_id(value: object) -> str:
    """An id in normal form, from any case and with or without dashes; empty for anything else."""
    if not isinstance(value, str) or not 32 <= len(value) <= 36:
        return ""
    text = value.replace("-", "").lower()
    return text if _ID.fullmatch(text) and text.strip("0") else ""


def event_id(given: Any, arrival: Arrival, data: dict[str, Any], notes: Notes) -> str:
    """The event's own id, else the envelope's, else one made from what came and when."""
    own = parse_id(given)
    if not own and given is not None:
        notes.bad(("event_id",), "expected 32 hexadecimal digits", given)
    return own or parse_id(arrival.event_id) or made_id("event", arrival, data)


def made_id(purpose: str, arrival: Arrival, content: object) -> str:
    """An id that is the same whenever the same content of the same request is read again.

    A random one would store an event twice when its message is delivered twice.
    """
    return _digest([purpose, arrival.project, arrival.received_at, arrival.event_id, content])


def content_id(purpose: str, project: int, content: object) -> str:
    """An id that is the same whenever somebody says the same thing again, in this request or another."""
    return _digest([purpose, project, content])


def _digest(parts: list[object]) -> str:
    return blake2b(written(parts).encode(), digest_size=16).hexdigest()
