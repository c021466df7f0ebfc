"""What plugins do not let in at the edge, and how it is counted and told."""

from collections.abc import Callable, Mapping
from typing import Any

from amber.access import KeyCache
from amber.dispatch import Dispatcher, check_fields
from amber.model import Limited, OutcomeCount, Principal, Reading, Verdict


async def admit(dispatcher: Dispatcher, keys: KeyCache, reading: Reading, principal: Principal) -> dict[int, Verdict]:
    """Which items plugins refuse, by position; the first verdict about an item holds."""
    if not dispatcher.plugins("admit_items"):
        return {}
    project = await keys.project(principal.project or 0)
    answers = await dispatcher.collect(
        "admit_items", _verdicts_of(len(reading.items)), items=reading.items, principal=principal, project=project
    )
    refused: dict[int, Verdict] = {}
    for answer in answers:
        refused = {**answer.value, **refused}
    return refused


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


def limits(reading: Reading, verdicts: Mapping[int, Verdict]) -> list[Limited]:
    """What the client should not send for a while: one entry for each scope and reason."""
    found: dict[tuple[str, str], tuple[set[str], float]] = {}
    for position, verdict in verdicts.items():
        if verdict.outcome != "filtered":
            categories, longest = found.get((verdict.scope, verdict.reason), (set(), 0.0))
            categories.add(reading.items[position].category)
            found[verdict.scope, verdict.reason] = categories, max(longest, verdict.retry_after)
    return [
        Limited(tuple(sorted(categories)), longest, scope, reason)
        for (scope, reason), (categories, longest) in found.items()
    ]


def _verdicts_of(count: int) -> Callable[[Any], Mapping[int, Verdict]]:
    def check(value: Any) -> Mapping[int, Verdict]:
        if not isinstance(value, Mapping):
            raise TypeError(f"answered {type(value).__name__}, expected verdicts by position")
        if not all(isinstance(one, Verdict) for one in value.values()) or any(key not in range(count) for key in value):
            raise TypeError(f"answered something else than verdicts about {count} items")
        for one in value.values():
            check_fields(one)
        return value

    return check
