"""Moments in time, and clients whose clocks are wrong."""

import math
from datetime import UTC, datetime
from typing import Any

from amber.model import rfc3339
from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.notes import Notes

EARLIEST, LATEST = -62135596800.0, 253402300799.0
DRIFT = 55 * 60
FUTURE = 60
PAST = 30 * 86_400


def parse_time(value: Any) -> float | None:
    """Unix seconds from Unix seconds or an ISO 8601 text (UTC where it names no zone); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _within(value)
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return _parse_loosely(value)


def is_normal(value: Any) -> bool:
    """Whether a time stands in the form `rfc3339` gives."""
    if not isinstance(value, str) or len(value) != 27 or value[26] != "Z" or value[10] != "T" or value[19] != ".":
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def event_time(value: Any, arrival: Arrival, notes: Notes) -> tuple[float, float]:
    """When the event happened, and by how many seconds all its times are to be moved.

    A client whose clock is off by `DRIFT` or more is corrected by its own `sent_at`; an event that still lies in the
    future, or more than `PAST` back, counts as happening when it was received.
    """
    given = None if value is None else parse_time(value)
    if given is None:
        if value is not None:
            notes.bad(("timestamp",), "expected a time", value)
        return arrival.received_at, 0.0
    drift = _drift(arrival)
    moved = given + drift
    if drift:
        notes.drift("clock_drift", rfc3339(arrival.received_at - drift), rfc3339(arrival.received_at))
    if arrival.received_at - PAST <= moved <= arrival.received_at + FUTURE:
        return moved, drift
    kind = "future_timestamp" if moved > arrival.received_at else "past_timestamp"
    notes.drift(kind, rfc3339(given), rfc3339(arrival.received_at))
    return arrival.received_at, arrival.received_at - given


def move(value: Any, seconds: float) -> str | None:
    """A time in normal form, moved by `seconds`; None where it is no time or leaves the calendar."""
    if not seconds and is_normal(value):
        return str(value)
    given = parse_time(value)
    moved = None if given is None else _within(given + seconds)
    return None if moved is None else rfc3339(moved)


def _drift(arrival: Arrival) -> float:
    if arrival.sent_at is None or not EARLIEST <= arrival.sent_at < LATEST:
        return 0.0
    drift = arrival.received_at - arrival.sent_at
    return drift if abs(drift) >= DRIFT else 0.0


def _within(seconds: int | float) -> float | None:
    if isinstance(seconds, float) and not math.isfinite(seconds):
        return None
    return float(seconds) if EARLIEST <= seconds < LATEST else None


def _parse_loosely(value: str) -> float | None:
    """What `fromisoformat` refuses: lower-case letters, and Unix seconds as text."""
    if value != value.upper():
        return parse_time(value.upper())
    try:
        return _within(float(value))
    except ValueError:
        return None
