"""What a batch's new events come to, issue by issue. Pure: nothing here touches the database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from amber.model import GroupedEvent, OutcomeCount
from amber_storage.sql.bounds import bounded

SECONDS_PER_HOUR = 3600
FACETS = ("release", "environment")


class Tally(Struct, frozen=True):
    """Some new events of one issue. `first` happened first; `trigger` is the one that came first.

    `hours` counts them by the Unix hour in which they were received.
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
    by_time = sorted(events, key=lambda grouped: grouped.event.timestamp)
    releases = [(release(grouped), grouped.event.timestamp) for grouped in by_time if release(grouped)]
    first_release = releases[0][0] if releases else ""
    last_release, last_release_at = releases[-1] if releases else ("", None)
    return Tally(
        first=by_time[0],
        trigger=events[0],
        count=len(events),
        first_seen=by_time[0].event.timestamp,
        last_seen=by_time[-1].event.timestamp,
        first_release=first_release,
        last_release=last_release,
        last_release_at=last_release_at,
        users=frozenset(user_hash(grouped.event.user) for grouped in events if grouped.event.user),
        facets=_facets(by_time),
        hours=Counter(hour_of(grouped.event.timestamp) for grouped in events),
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


def merged(row: Mapping[str, Any], news: Tally, new_users: int) -> dict[str, Any]:
    """An issue's row after these events: counts grow, times widen, a resolved issue is unresolved again."""
    known, told = row["last_release_at"], news.last_release_at
    is_newer = told is not None and (known is None or told >= known)
    has_regressed = row["status"] == "resolved"
    return {
        "count": row["count"] + news.count,
        "users": row["users"] + new_users,
        "first_seen": min(row["first_seen"], news.first_seen),
        "last_seen": max(row["last_seen"], news.last_seen),
        "first_release": row["first_release"] or news.first_release,
        "last_release": news.last_release if is_newer else row["last_release"],
        "last_release_at": told if is_newer else known,
        "status": "unresolved" if has_regressed else row["status"],
        "regressed_at": news.trigger.event.received_at if has_regressed else row["regressed_at"],
    }


def outcome_counts(
    stored: Iterable[GroupedEvent], repeated: Iterable[GroupedEvent], others: Iterable[OutcomeCount]
) -> Counter[tuple[int, int, str, str, str]]:
    """Quantities by (project, hour, category, outcome, reason)."""
    counts: Counter[tuple[int, int, str, str, str]] = Counter()
    for outcome, reason, events in (("stored", "", stored), ("filtered", "duplicate", repeated)):
        for event in (grouped.event for grouped in events):
            counts[event.project, hour_of(event.received_at), bounded(event.category), outcome, reason] += 1
    for count in others:
        words = bounded(count.category), bounded(count.outcome), bounded(count.reason)
        counts[(count.project, count.hour, *words)] += count.quantity
    return Counter({key: quantity for key, quantity in counts.items() if quantity})


def _facets(by_time: Iterable[GroupedEvent]) -> dict[tuple[str, str], tuple[int, float]]:
    facets: dict[tuple[str, str], tuple[int, float]] = {}
    for event in (grouped.event for grouped in by_time):
        for name in FACETS:
            if value := bounded(event.text(name)):
                facets[name, value] = facets.get((name, value), (0, 0.0))[0] + 1, event.timestamp
    return facets
