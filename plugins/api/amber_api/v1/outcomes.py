"""`/outcomes`, for an organisation and for one project: what became of everything that was sent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

import msgspec
from litestar import get
from msgspec import Meta, Struct

from amber.model import OutcomeCount, Project, account_of, rfc3339
from amber_api.v1.paths import ProjectPath
from amber_api.v1.query import Query, invalid, queried
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller

HOUR = 3600
LONGEST = 24 * 92
"""Hours one answer covers at most."""
LAST_HOUR = 50_000_000
"""The latest hour taken, in the year 7674: far enough, and every calendar knows it."""
Field = Literal["project", "category", "outcome", "reason"]
FIELDS: tuple[Field, ...] = get_args(Field)
EVERY_FIELD = "category,outcome,reason"
Key = tuple[str, str, str, str]
"""The values of all fields in their order; empty for those that were not asked for."""


class Total(Struct, frozen=True):
    """How many items there were of this kind. Fields that `by` does not name are empty; `project` is an id."""

    project: str
    category: str
    outcome: str
    reason: str
    quantity: int


class SpanTotal(Total, frozen=True, kw_only=True):
    """The same within the hour or day (UTC) that begins at `start`."""

    start: str


class Sums(Struct, frozen=True):
    """What adds up: `received` is `accepted` + `refused`, and all that was accepted has `ended` or is being digested.

    `discarded` never came: clients report that they threw it away.
    """

    received: int
    accepted: int
    refused: int
    ended: int
    discarded: int


class Outcomes(Struct, frozen=True):
    """Counts over a stretch of time, `until` not included, in all and span by span."""

    since: str
    until: str
    interval: str
    sums: Sums
    totals: list[Total]
    series: list[SpanTotal]


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of time; each end as RFC 3339 or in hours since 1970. Without ends, the last 24 hours."""

    since: Annotated[str, Meta(max_length=40, description="Start: RFC 3339, or hours since 1970")] = ""
    until: Annotated[str, Meta(max_length=40, description="End: RFC 3339, or hours since 1970")] = ""
    interval: Annotated[Literal["hour", "day"], Meta(description="How long a span of `series` is; days are UTC")] = (
        "hour"
    )
    by: Annotated[
        str,
        Meta(max_length=60, description="Some of project, category, outcome and reason, by commas"),
    ] = EVERY_FIELD


@get(
    "/outcomes",
    action="project:read",
    tags=["outcomes"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(Span),
)
def list_all_outcomes(tenant: Caller, asked: Query[Span]) -> Outcomes:
    """What became of every item sent to any project the token may see."""
    return _outcomes(tenant, tuple(tenant.projects()), asked)


@get(
    "/projects/{project:str}/outcomes",
    action="project:read",
    tags=["outcomes"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(Span),
)
def list_outcomes(tenant: Caller, project: ProjectPath, asked: Query[Span]) -> Outcomes:
    """What became of every item sent: accepted, then stored, filtered, invalid …; or refused."""
    return _outcomes(tenant, (tenant.project(project),), asked)


def _outcomes(tenant: Caller, projects: Sequence[Project], asked: Span) -> Outcomes:
    since, until = _ends(asked, tenant.now)
    fields, step = _fields(asked.by), 24 if asked.interval == "day" else 1
    counts: Counter[tuple[int, Key]] = Counter()
    every: Counter[tuple[str, str]] = Counter()
    for project in projects:  # one after the other: what is held at once stays small
        for one in tenant.issues.outcomes(project.id, since, until):
            counts[one.hour - one.hour % step, _key(one, fields)] += one.quantity
            every[one.outcome, one.reason] += one.quantity
    account = account_of(OutcomeCount(0, "", *what, quantity) for what, quantity in every.items())
    return Outcomes(
        since=rfc3339(since * HOUR),
        until=rfc3339(until * HOUR),
        interval=asked.interval,
        sums=Sums(account.received, account.accepted, account.refused, account.ended, account.discarded),
        totals=_totals((key, quantity) for (_, key), quantity in counts.items()),
        series=[
            SpanTotal(*key, quantity, start=rfc3339(start * HOUR))
            for (start, key), quantity in sorted(counts.items())
            if quantity  # what was dead and was sent again has gone down to nothing
        ],
    )


def _ends(asked: Span, now: float) -> tuple[int, int]:
    until = _hour(asked.until, "until", rounded_up=True) if asked.until else int(now // HOUR) + 1
    since = _hour(asked.since, "since") if asked.since else until - 24
    if not 0 < until - since <= LONGEST:
        invalid("since", f"must be before until, by {LONGEST} hours at most")
    return since, until


def _fields(by: str) -> frozenset[str]:
    fields = frozenset(by.split(",")) if by else frozenset()
    if unknown := sorted(fields.difference(FIELDS)):
        invalid("by", f"does not take {unknown[0]!r}: name some of {', '.join(FIELDS)}")
    return fields


def _key(count: OutcomeCount, fields: frozenset[str]) -> Key:
    told = {"project": str(count.project), "category": count.category, "outcome": count.outcome, "reason": count.reason}
    project, category, outcome, reason = (told[field] if field in fields else "" for field in FIELDS)
    return project, category, outcome, reason


def _totals(counts: Iterable[tuple[Key, int]]) -> list[Total]:
    sums: Counter[Key] = Counter()
    for key, quantity in counts:
        sums[key] += quantity
    return [Total(*key, quantity) for key, quantity in sorted(sums.items()) if quantity]


def _hour(text: str, field: str, rounded_up: bool = False) -> int:
    try:
        moment = msgspec.convert(text, int | datetime, strict=False)
    except (msgspec.ValidationError, ValueError):  # the latter for text that no UTF-8 can hold
        invalid(field, "is neither RFC 3339 nor a number of hours since 1970")
    if isinstance(moment, int):
        hour = moment
    else:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        hour = int(-(-seconds // HOUR) if rounded_up else seconds // HOUR)
    if not 0 <= hour <= LAST_HOUR:
        invalid(field, "is too far away")
    return hour


HANDLERS = (list_all_outcomes, list_outcomes)
