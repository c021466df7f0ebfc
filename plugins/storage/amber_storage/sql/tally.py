"""What a batch's new events come to, issue by issue. Pure: nothing here touches the database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import itemgetter

from msgspec import Struct

from amber.model import GroupedEvent, OutcomeCount
from amber_storage.sql.bounds import bounded

SECONDS_PER_HOUR = 3600
FACETS = ("release", "environment")


class Tally(Struct, frozen=True):
    """Some new events of one issue. `first` happened first; `trigger` is the one that came first.

    `hours` counts them by the Unix hour in which they happened.
    """

    first: GroupedEvent
    trigger: GroupedEvent
    count: int
    first_seen: float
    last_seen: float
    first_release: str
    last_release: str
    last_release_at: float | None
    users: frozenset[bytes]
    facets: Mapping[tuple[str, str], tuple[int, float]]
    hours: Mapping[int, int]


def tally(events: Sequence[GroupedEvent]) -> Tally:
    """The tally of events, given in the order in which they came; of two that happened at once, that order decides."""
    times = [grouped.event.timestamp for grouped in events]
    named = [(grouped.event.timestamp, name) for grouped in events if (name := release(grouped))]
    first_seen = min(times)
    last_release_at, last_release = max(reversed(named), key=itemgetter(0), default=(None, ""))
    return Tally(
        first=events[times.index(first_seen)],
        trigger=events[0],
        count=len(events),
        first_seen=first_seen,
        last_seen=max(times),
        first_release=min(named, key=itemgetter(0), default=(None, ""))[1],
        last_release=last_release,
        last_release_at=last_release_at,
        users=frozenset(user_hash(user) for grouped in events if (user := grouped.event.user)),
        facets=_facets(events),
        hours=_counted(map(hour_of, times)),
    )


def release(grouped: GroupedEvent) -> str:
    """The release the event names, or empty."""
    return bounded(grouped.event.text("release"))


def hour_of(time: float) -> int:
    """The Unix hour in which a time lies."""
    return int(time // SECONDS_PER_HOUR)


def user_hash(user: str) -> bytes:
    """What stands for a user where only how many there are is asked."""
    return blake2b(user.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def outcome_counts(
    stored: Iterable[GroupedEvent], repeated: Iterable[GroupedEvent], others: Iterable[OutcomeCount]
) -> Counter[tuple[int, int, str, str, str]]:
    """Quantities by (project, hour, category, outcome, reason)."""
    counts: Counter[tuple[int, int, str, str, str]] = Counter()
    for outcome, reason, events in (("stored", "", stored), ("filtered", "duplicate", repeated)):
        kinds = Counter((each.event.project, hour_of(each.event.received_at), each.event.category) for each in events)
        for (project, hour, category), quantity in kinds.items():
            counts[project, hour, bounded(category), outcome, reason] += quantity
    for count in others:
        words = bounded(count.category), bounded(count.outcome), bounded(count.reason)
        counts[(count.project, count.hour, *words)] += count.quantity
    return Counter({key: quantity for key, quantity in counts.items() if quantity})


def _facets(events: Iterable[GroupedEvent]) -> dict[tuple[str, str], tuple[int, float]]:
    facets: dict[tuple[str, str], tuple[int, float]] = {}
    for event in (grouped.event for grouped in events):
        for name in FACETS:
            if value := bounded(event.text(name)):
                count, last_seen = facets.get((name, value), (0, event.timestamp))
                facets[name, value] = count + 1, max(last_seen, event.timestamp)
    return facets


def _counted(values: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = {}  # a Counter takes three times as long where there is but one
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
