"""What a check-in says: the JSON of SDKs and of the cron URL, read with forgiveness where it does no harm."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from amber.errors import Reject
from amber_signals.checkins.monitors import PRODUCTION, Plan
from amber_signals.checkins.schedules import UNITS, Crontab, Interval, Schedule, check_schedule, zone_of

LONGEST_SLUG, LONGEST_ENVIRONMENT = 50, 64
MOST_MINUTES, MOST_RUNS = 525_600, 720
"""The largest margin or runtime, and the largest threshold."""
STATUSES = ("in_progress", "ok", "error")
HEX = re.compile(r"[0-9a-f]{32}")


class CheckIn(Struct, frozen=True):
    """One check-in. `uid` is 32 hex digits, or empty where the client does not number its runs; `plan` is what the code
    says of the job, None where it says nothing that can be used, and `problem` why.
    """

    slug: str
    name: str
    status: Literal["in_progress", "ok", "error"]
    uid: str = ""
    environment: str = PRODUCTION
    duration: float | None = None
    plan: Plan | None = None
    problem: str = ""


def read_checkin(payload: bytes) -> CheckIn:
    """The check-in in a payload. Raises Reject where it names no job, or no status there is."""
    told = _object(payload)
    name = _text(told.get("monitor_slug")).strip()
    slug = slug_of(name)
    if not slug:
        raise Reject("the check-in names no monitor")
    status = _text(told.get("status"))
    if status not in STATUSES:
        raise Reject(f"{status[:20]!r} is no status of a check-in: one of {', '.join(STATUSES)}")
    plan, problem = _planned(told.get("monitor_config"))
    return CheckIn(
        slug=slug,
        name=printable(name)[:LONGEST_ENVIRONMENT] or slug,
        status=cast("Any", status),
        uid=uid_of(told.get("check_in_id")),
        environment=environment_of(told.get("environment")),
        duration=duration_of(told.get("duration")),
        plan=plan,
        problem=problem,
    )


def slug_of(name: str) -> str:
    """A job's name as it stands in addresses: lower-case letters, digits, `-` and `_`."""
    plain = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-_")
    return words[:LONGEST_SLUG].strip("-_")


def uid_of(value: object) -> str:
    """The id of a run as 32 hex digits; empty for none, for nil, and for what is none."""
    plain = _text(value).replace("-", "").lower()
    return plain if HEX.fullmatch(plain) and plain.strip("0") else ""


def environment_of(value: object) -> str:
    """The environment's name, fit to stand in an address; that of a check-in without one is `production`."""
    name = re.sub(r"[\s/]+", "-", printable(_text(value)).strip())[:LONGEST_ENVIRONMENT]
    return name.replace(".", "-") if name in (".", "..") else name or PRODUCTION


def duration_of(value: object) -> float | None:
    """Seconds a run took; None where nobody says."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    seconds = float(value) if is_number and abs(value) < 1e9 else math.nan  # type: ignore[arg-type]  # it is a number
    return seconds if seconds >= 0 else None


def read_plan(config: Mapping[str, Any], is_scheduled: bool = True) -> Plan:
    """A `monitor_config` as a plan; what it leaves out is as by default. Raises Reject."""
    schedule = read_schedule(config.get("schedule")) if is_scheduled else None
    timezone = _text(config.get("timezone")) or "UTC"
    zone_of(timezone)
    return Plan(
        schedule=schedule,
        timezone=timezone,
        margin=_count(config, "checkin_margin", 1, MOST_MINUTES, least=0),
        max_runtime=_count(config, "max_runtime", 30, MOST_MINUTES),
        failure_threshold=_count(config, "failure_issue_threshold", 1, MOST_RUNS),
        recovery_threshold=_count(config, "recovery_threshold", 1, MOST_RUNS),
    )


def read_schedule(value: object) -> Schedule:
    """A schedule as SDKs write it. Raises Reject."""
    told = value if isinstance(value, dict) else {}
    kind, amount, unit = told.get("type"), told.get("value"), told.get("unit")
    schedule: Schedule
    if kind == "crontab" and isinstance(amount, str):
        schedule = Crontab(amount.strip())
    elif kind == "interval" and isinstance(amount, int) and not isinstance(amount, bool) and unit in UNITS:
        schedule = Interval(amount, unit)
    else:
        raise Reject(f"a schedule is a crontab, or an interval of {', '.join(UNITS)}s")
    check_schedule(schedule)
    return schedule


def printable(text: str) -> str:
    """The text without what steers a screen."""
    return "".join(one for one in text if one.isprintable())


def _planned(config: object) -> tuple[Plan | None, str]:
    if config is None:
        return None, ""
    try:
        return read_plan(config if isinstance(config, dict) else {}), ""
    except Reject as refused:
        return None, f"monitor_config: {refused.detail}"


def _count(config: Mapping[str, Any], name: str, otherwise: int, most: int, least: int = 1) -> int:
    value = config.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Reject(f"{name} is a whole number from {least} to {most}")
    return value


def _object(payload: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        raise Reject("invalid JSON in check_in") from None
    if not isinstance(told, dict):
        raise Reject("invalid check_in: it is no JSON object")
    return told


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
