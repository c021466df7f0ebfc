"""When a job is due: crontabs and intervals, in the job's own time zone."""

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from msgspec import Struct

from amber.errors import Reject

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
LONGEST_TEXT = 100
MOST: dict[Unit, int] = {"minute": 527_040, "hour": 8784, "day": 366, "week": 53, "month": 12, "year": 1}
"""An interval spans a year at most."""
SKEW, SHARE = 30.0, 0.1
"""A check-in may come so many seconds, and such a share of the pause before it, ahead of the run it belongs to."""


class Crontab(Struct, frozen=True, tag_field="type", tag="crontab"):
    """Five fields as cron reads them, or a nickname such as `@daily`."""

    value: str


class Interval(Struct, frozen=True, tag_field="type", tag="interval"):
    """So long after the last check-in; a day and more is counted on the calendar of the time zone."""

    value: int
    unit: Unit


Schedule = Crontab | Interval


def check_schedule(schedule: Schedule) -> None:
    """Raise Reject, in words for people, where nothing could ever be due."""
    if isinstance(schedule, Interval):
        if not 0 < schedule.value <= MOST[schedule.unit]:
            raise Reject(f"an interval is 1 to {MOST[schedule.unit]} {schedule.unit}s", status=400)
        return
    if next(iter(_cron_runs(schedule.value, 0.0, ZoneInfo("UTC"))), None) is None:
        raise Reject(f"no day ever matches the crontab {schedule.value!r}")


def zone_of(name: str) -> ZoneInfo:
    """The time zone with an IANA name, such as `Europe/Berlin`. Raises Reject."""
    try:
        return ZoneInfo(name[:LONGEST_TEXT])
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name may also lead to a folder, or out of it
        raise Reject(f"{name[:LONGEST_TEXT]!r} is no time zone: name one such as Europe/Berlin") from None


def runs_after(schedule: Schedule, at: float, zone: ZoneInfo) -> Iterator[float]:
    """Every moment after `at` (Unix seconds) at which the job is due, in order, each once."""
    if isinstance(schedule, Crontab):
        yield from _cron_runs(schedule.value, at, zone)
        return
    while True:
        at = _add(at, schedule, zone)
        yield at


def next_run(schedule: Schedule, at: float, zone: ZoneInfo) -> float | None:
    """The first of them; None where the calendar has no more."""
    return next(runs_after(schedule, at, zone), None)


def next_due(schedule: Schedule, at: float, zone: ZoneInfo) -> float | None:
    """When the next check-in is due, one having come at `at`.

    Clocks differ: a check-in that comes moments before a run is due is that run's.
    """
    if isinstance(schedule, Interval):
        return next_run(schedule, at, zone)
    first, second = _first_two(schedule, at, zone)
    is_early = first is not None and second is not None and first - at <= min(SKEW, SHARE * (second - first))
    return second if is_early else first


def _first_two(schedule: Schedule, at: float, zone: ZoneInfo) -> tuple[float | None, float | None]:
    found = list(islice(runs_after(schedule, at, zone), 2))
    return (found[0] if found else None), (found[1] if len(found) > 1 else None)


def _cron_runs(text: str, at: float, zone: ZoneInfo) -> Iterator[float]:
    expression = NICKNAMES.get(text.strip().lower(), text)
    if len(expression) > LONGEST_TEXT or len(expression.split()) != 5:
        raise Reject("a crontab has five fields: minute, hour, day, month, day of the week")
    try:
        found = CronSim(expression, datetime.fromtimestamp(at, UTC).astimezone(zone))
    except (CronSimError, ValueError, AssertionError) as error:
        raise Reject(f"the crontab {text[:LONGEST_TEXT]!r} cannot be read: {error or 'a field is wrong'}") from None
    last = at
    for moment in found:
        stamp = moment.timestamp()
        if stamp > last:  # where clocks go back, or forward over several runs, one moment may be named twice
            yield stamp
            last = stamp


def _add(at: float, interval: Interval, zone: ZoneInfo) -> float:
    count = interval.value
    if interval.unit in ("minute", "hour"):
        return at + count * (60 if interval.unit == "minute" else 3600)
    local = datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None)
    if interval.unit in ("day", "week"):
        later = local + timedelta(days=count * (7 if interval.unit == "week" else 1))
    else:
        later = _add_months(local, count * (12 if interval.unit == "year" else 1))
    return later.replace(tzinfo=zone).timestamp()


def _add_months(local: datetime, months: int) -> datetime:
    """The same day of a later month, or its last day where it has none such."""
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    return local.replace(year=year, month=month + 1, day=min(local.day, calendar.monthrange(year, month + 1)[1]))
