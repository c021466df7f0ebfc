"""What plugins do not let in at the edge, and how it is counted and told."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from amber.identity.access import KeyCache
from amber.model import (
    Admission,
    IngestProtocol,
    Limited,
    OutcomeCount,
    Principal,
    Reading,
    Verdict,
    is_refusal,
)
from amber.plugin.dispatch import Dispatcher, check_fields

EVERYTHING = Admission()
"""All of a request is taken, and nothing is limited."""


UNREAD = Reading(())


class Arrival(Struct):
    """How far a request has come: whose it is and what is in it, as soon as either is known."""

    project: int = 0
    reading: Reading = UNREAD


async def admit(dispatcher: Dispatcher, keys: KeyCache, reading: Reading, principal: Principal) -> Admission:
    """What all plugins together say; the first verdict about an item holds."""
    if not dispatcher.plugins("admit_items"):
        return EVERYTHING
    project = await keys.project(principal.project or 0)
    answers = await dispatcher.collect(
        "admit_items", _admission_of(len(reading.items)), items=reading.items, principal=principal, project=project
    )
    said = [answer.value for answer in answers if answer.value is not EVERYTHING]
    if not said:
        return EVERYTHING
    refused: dict[int, Verdict] = {}
    for one in said:
        refused = {**one.refused, **refused}
    nearest = min((one.allowance for one in said if one.allowance), key=lambda one: one.remaining, default=None)
    return Admission(refused, tuple(limit for one in said for limit in one.limited), nearest)


def dropped(reading: Reading, verdicts: Mapping[int, Verdict], project: int, at: float) -> dict[int, OutcomeCount]:
    """How refused items are counted."""
    hour = int(at // 3600)
    return {
        position: OutcomeCount(
            project, item.category, verdicts[position].outcome, verdicts[position].reason[:64], item.quantity, hour
        )
        for position, item in enumerate(reading.items)
        if position in verdicts
    }


def refused(arrival: Arrival, status: int, at: float) -> list[OutcomeCount]:
    """How a request that was refused whole is counted: item by item where they are known, else as one.

    What Amber could not keep for now (503) is a limit the client ran into; all else was wrong with the request.
    """
    outcome = "rate_limited" if status == 503 else "invalid"
    reason, hour = f"http {status}", int(at // 3600)
    held = [(item.category, item.quantity) for item in arrival.reading.items] or [("default", 1)]
    return [OutcomeCount(arrival.project, category, outcome, reason, quantity, hour) for category, quantity in held]


def is_all_refused(reading: Reading, dropped: Mapping[int, OutcomeCount]) -> bool:
    """Whether nothing of a request is kept, and the client is told so."""
    return len(dropped) == len(reading.items) and all(is_refusal(one.outcome, one.reason) for one in dropped.values())


def headers(protocol: IngestProtocol, reading: Reading, admission: Admission) -> tuple[tuple[str, str], ...]:
    """What clients hear about limits, whatever became of their request."""
    in_force = limits(reading, admission)
    told = protocol.limited(in_force) if in_force else ()
    return (*told, *protocol.allowance(admission.allowance)) if admission.allowance else told


def limits(reading: Reading, admission: Admission) -> list[Limited]:
    """What the client should not send for a while: what it just ran into, for each scope and reason, and the rest."""
    found: dict[tuple[str, str], tuple[set[str], float]] = {}
    for position, verdict in admission.refused.items():
        if verdict.outcome != "filtered":
            categories, longest = found.get((verdict.scope, verdict.reason), (set(), 0.0))
            categories.add(reading.items[position].category)
            found[verdict.scope, verdict.reason] = categories, max(longest, verdict.retry_after)
    hit = [Limited(tuple(sorted(kinds)), longest, *whose) for whose, (kinds, longest) in found.items()]
    return [*hit, *admission.limited]


def wait_of(reading: Reading, admission: Admission) -> int:
    """Seconds after which nothing that was refused would be refused for that reason again; 0: nothing was."""
    waits = [verdict.retry_after for verdict in admission.refused.values() if verdict.outcome != "filtered"]
    return max(1, math.ceil(max(waits))) if waits else 0


def _admission_of(count: int) -> Callable[[Any], Admission]:
    def check(value: Any) -> Admission:
        if not isinstance(value, Admission):
            raise TypeError(f"answered {type(value).__name__}, expected Admission")
        if value == EVERYTHING:
            return EVERYTHING
        check_fields(value)
        if any(position not in range(count) for position in value.refused):
            raise TypeError(f"answered verdicts about something else than {count} items")
        return value

    return check
