"""What the pages show: monitors and runs in words, and the last runs as a strip of marks."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from amber_signals.checkins.monitors import Monitor, Plan, Run, Watch
from amber_signals.checkins.schedules import Interval, zone_of

MARKS = 40
"""Runs that a strip has room for."""
STATUS_WORDS = {
    "in_progress": "running",
    "ok": "ok",
    "error": "failed",
    "missed": "missed",
    "timeout": "overran",
}


class Mark(Struct, frozen=True):
    """One run in a strip: its status, its place from the left and what it says when it is pointed at."""

    status: str
    x: int
    words: str


class Stand(Struct, frozen=True):
    """How a job stands in one environment. `state` is failing, running, ok or waiting; `is_late` where the run that is
    due has not come yet.
    """

    watch: Watch
    state: str
    due: str
    is_late: bool
    marks: tuple[Mark, ...]


class Line(Struct, frozen=True):
    """One run in the history."""

    run: Run
    status: str
    at: str
    due: str
    took: str


def stand_of(watch: Watch, plan: Plan, runs: Sequence[Run], now: float) -> Stand:
    """The watch as people see it; `runs` are its last ones, newest first."""
    due = said(watch.due, plan.timezone) if watch.due is not None else ""
    return Stand(watch, _state(watch), due, watch.due is not None and watch.due <= now, marks_of(runs, plan.timezone))


def _state(watch: Watch) -> str:
    """In one word; a failure below the threshold is not failing yet."""
    if watch.failing_since is not None:
        return "failing"
    return {"": "waiting", "in_progress": "running"}.get(watch.last_status, "ok")


def marks_of(runs: Sequence[Run], timezone: str) -> tuple[Mark, ...]:
    """A strip that ends at the right with the newest run; the same width however many there are."""
    found = runs[:MARKS][::-1]
    first = MARKS - len(found)
    return tuple(
        Mark(run.status, 5 * (first + place), f"{STATUS_WORDS[run.status]}, {said(run.at, timezone)}")
        for place, run in enumerate(found)
    )


def line_of(run: Run, timezone: str) -> Line:
    """A run in the history."""
    due = said(run.due, timezone) if run.due is not None else ""
    return Line(run, STATUS_WORDS[run.status], said(run.at, timezone), due, took(run.duration))


def said(at: float, timezone: str) -> str:
    """A moment in the job's own time zone."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone_of(timezone)):%a %d %b %Y, %H:%M:%S %Z}"


def took(seconds: float | None) -> str:
    """Such as `1.5 s`, `12 min 3 s` or `2 h 5 min`."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def schedule_words(monitor: Monitor) -> str:
    """The schedule as people say it."""
    schedule = monitor.plan.schedule
    if schedule is None:
        return "no schedule yet"
    if isinstance(schedule, Interval):
        return f"every {schedule.value} {schedule.unit}s" if schedule.value > 1 else f"every {schedule.unit}"
    return schedule.value
