"""How often something happened over time, as bars."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

DAYS, STEP = 14, 12
WIDTH, HEIGHT, GAP = 280, 44, 2


class Bar(Struct, frozen=True):
    """One span: where its bar stands, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str


class Histogram(Struct, frozen=True):
    """Bars from the oldest span to the newest, and what they say to somebody who does not see them."""

    bars: tuple[Bar, ...]
    text: str
    peak: int


def span(now: float) -> tuple[int, int]:
    """The Unix hours from which and until before which bars are drawn; the hour of `now` is the last."""
    until = int(now // 3600) + 1
    return until - DAYS * 24, until


def histogram(counts: Sequence[int], since: int) -> Histogram:
    """The bars of so many events in each span of `STEP` hours, from Unix hour `since`."""
    peak = max(counts, default=0)
    width = WIDTH / max(1, len(counts))
    bars = tuple(
        _bar(at * width, width - GAP, count / max(1, peak), _label(since + at * STEP, count))
        for at, count in enumerate(counts)
    )
    total = sum(counts)
    busiest = _days(since + list(counts).index(peak) * STEP) if peak else ""
    most = f", at most {peak:,} in {STEP} hours ({busiest} UTC)" if total > peak else ""
    return Histogram(bars, f"{_events(total)} in {DAYS} days{most}", peak)


def _bar(x: float, width: float, share: float, label: str) -> Bar:
    height = max(3.0, share * HEIGHT) if share else 1.0
    return Bar(round(x, 2), round(HEIGHT - height, 2), round(width, 2), round(height, 2), label)


def _label(hour: int, count: int) -> str:
    return f"{_days(hour)} UTC: {_events(count)}"


def _days(hour: int) -> str:
    begin, end = (datetime.fromtimestamp(at * 3600, UTC) for at in (hour, hour + STEP))
    return f"{begin.day} {begin:%b %H:%M} to {end.day} {end:%b %H:%M}"


def _events(count: int) -> str:
    return f"{count:,} {'event' if count == 1 else 'events'}"
