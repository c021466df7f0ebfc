"""What one submission adds to the counts: what the edge accepted, and where each of it ended."""

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from amber.model import ACCEPTED, Decoded, OutcomeCount, Submission, is_end

Sums = Counter[tuple[int, str]]
"""Quantities by project and category."""
NO_COUNT = OutcomeCount(0, "", "", quantity=0)
"""Stands for an item that is counted elsewhere."""


def held(submission: Submission, later: Collection[int] = ()) -> Sums:
    """What a submission holds by what the edge noted; without what was dropped there or comes `later` on its own."""
    categories = submission.meta.get("categories") or ()
    quantities = submission.meta.get("quantities") or [1] * len(categories)
    sums = Sums()
    for position, (category, quantity) in enumerate(zip(categories, quantities, strict=True)):
        if position not in submission.dropped and position not in later:
            sums[submission.project, category] += quantity
    return sums


def told(decoded: Decoded, later: Collection[str] = ()) -> Sums:
    """What decoding made of a submission, whatever its end is going to be."""
    sums = Sums()
    for event in decoded.events:
        sums[event.project, event.category] += 1
    for item in decoded.items:
        if item.id not in later:
            sums[item.project, item.category] += item.quantity
    for count in decoded.outcomes:
        if is_end(count.outcome, count.reason):
            sums[count.project, count.category] += count.quantity
    return sums


def of_decoded(submission: Submission, decoded: Decoded, later: Collection[str] = ()) -> list[OutcomeCount]:
    """What a submission adds beside its events and items; those of `later` come again on their own."""
    if _is_one_event(submission, decoded):
        event, hour = decoded.events[0], int(submission.received_at // 3600)
        return [OutcomeCount(event.project, event.category, ACCEPTED, hour=hour)]
    sums = told(decoded, later)
    lost = _lost(held(submission, [position_of(item) for item in later]), sums)
    accepted = _counts(sums + lost, ACCEPTED)
    return [*accepted, *_counts(lost, "invalid", "undecoded"), *decoded.outcomes, *_of_edge(submission, later)]


def of_dead(submission: Submission, reason: str) -> list[OutcomeCount]:
    """What a submission that is set aside adds."""
    sums = held(submission)
    return [*_counts(sums, ACCEPTED), *_counts(sums, "dead", reason), *_of_edge(submission, ())]


def position_of(item_id: str) -> int:
    """Where an item stands in its submission."""
    return int(item_id.rsplit(":", 1)[1])


def _is_one_event(submission: Submission, decoded: Decoded) -> bool:
    """Whether all there is is one event, as the edge noted it: nearly every submission is like that."""
    is_plain = not (decoded.items or decoded.outcomes or submission.dropped or submission.dead)
    noted = submission.meta
    return (
        is_plain
        and len(decoded.events) == 1
        and noted.get("categories") == [decoded.events[0].category]
        and decoded.events[0].project == submission.project
        and "quantities" not in noted
    )


def _of_edge(submission: Submission, later: Collection[str]) -> list[OutcomeCount]:
    """What the edge dropped; for what was set aside before, the opposite of what was counted then."""
    if submission.dead:
        before = Counter({key: -quantity for key, quantity in held(submission, [*map(position_of, later)]).items()})
        return [*_counts(before, ACCEPTED), *_counts(before, "dead", submission.dead)]
    dropped = [count for count in submission.dropped.values() if count.quantity]
    # who hears 200 has been told that it was accepted
    accepted = [replace(count, outcome=ACCEPTED, reason="") for count in dropped if is_end(count.outcome, count.reason)]
    return [*accepted, *dropped]


def _lost(held: Sums, told: Sums) -> Sums:
    """What the edge saw and decoding did not account for."""
    number, lost = held.total() - told.total(), Sums()
    for key, quantity in (held - told).items() if number > 0 else ():
        lost[key] = min(quantity, number)
        number -= lost[key]
    return +lost


def _counts(sums: Mapping[tuple[int, str], int], outcome: str, reason: str = "") -> list[OutcomeCount]:
    return [OutcomeCount(project, category, outcome, reason, number) for (project, category), number in sums.items()]
