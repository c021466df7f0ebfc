"""`/projects/{project}/outcomes`: what became of everything that was sent."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from msgspec import Meta, Struct

from amber.model import OutcomeCount, rfc3339
from amber_api.v1.paths import ProjectPath
from amber_api.v1.query import Query, invalid, queried
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller

HOUR = 3600
LONGEST = 24 * 92
"""Hours one answer covers at most."""
LAST_HOUR = 50_000_000
"""The latest hour taken, in the year 7674: far enough, and every calendar knows it."""


class Total(Struct, frozen=True):
    """How many items of a category met an outcome."""

    category: str
    outcome: str
    reason: str
    quantity: int


class HourTotal(Total, frozen=True, kw_only=True):
    """The same within the hour that starts at `hour`."""

    hour: str


class Outcomes(Struct, frozen=True):
    """Counts over a stretch of time, `until` not included, in all and hour by hour."""

    since: str
    until: str
    totals: list[Total]
    hours: list[HourTotal]


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of time; each end as RFC 3339 or in hours since 1970. Without ends, the last 24 hours."""

    since: Annotated[str, Meta(max_length=40, description="Start: RFC 3339, or hours since 1970")] = ""
    until: Annotated[str, Meta(max_length=40, description="End: RFC 3339, or hours since 1970")] = ""


@get(
    "/projects/{project:str}/outcomes",
    action="project:read",
    tags=["outcomes"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(Span),
)
def list_outcomes(tenant: Caller, project: ProjectPath, asked: Query[Span]) -> Outcomes:
    """What became of every item sent: stored, filtered, rate limited, invalid, unhandled, dead …"""
    known = tenant.project(project)
    until = _hour(asked.until, "until", rounded_up=True) if asked.until else int(tenant.now // HOUR) + 1
    since = _hour(asked.since, "since") if asked.since else until - 24
    if not 0 < until - since <= LONGEST:
        invalid("since", f"must be before until, by {LONGEST} hours at most")
    counts = tenant.issues.outcomes(known.id, since, until)
    hours = [
        HourTotal(one.category, one.outcome, one.reason, one.quantity, hour=rfc3339(one.hour * HOUR)) for one in counts
    ]
    return Outcomes(rfc3339(since * HOUR), rfc3339(until * HOUR), _totals(counts), hours)


def _totals(counts: Iterable[OutcomeCount]) -> list[Total]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for one in counts:
        sums[one.category, one.outcome, one.reason] += one.quantity
    return [Total(*what, quantity) for what, quantity in sorted(sums.items())]


def _hour(text: str, field: str, rounded_up: bool = False) -> int:
    try:
        moment = msgspec.convert(text, int | datetime, strict=False)
    except msgspec.ValidationError:
        invalid(field, "is neither RFC 3339 nor a number of hours since 1970")
    if isinstance(moment, int):
        hour = moment
    else:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        hour = int(-(-seconds // HOUR) if rounded_up else seconds // HOUR)
    if not 0 <= hour <= LAST_HOUR:
        invalid(field, "is too far away")
    return hour


HANDLERS = (list_outcomes,)
