"""A row of bars no larger than a word."""

from collections.abc import Sequence

from msgspec import Struct

BAR, GAP, HEIGHT = 3, 1, 20


class Sparkline(Struct, frozen=True):
    """The bars as the path of an SVG of this width, and what they say to somebody who does not see them."""

    path: str
    ground: str
    width: int
    said: str


def sparkline(counts: Sequence[int], title: str) -> Sparkline:
    """Bars for these counts, the highest as tall as there is room; `title` names the period in words."""
    peak = max(counts, default=0)
    bars = [_bar(at, max(2, round(count / peak * HEIGHT))) for at, count in enumerate(counts) if count]
    total = sum(counts)
    said = f"{total:,} {'event' if total == 1 else 'events'} in {title}, {peak:,} at most in one bar"
    ground = "".join(_bar(at, 1) for at in range(len(counts)))
    return Sparkline("".join(bars), ground, max(1, len(counts) * (BAR + GAP) - GAP), said)


def _bar(at: int, height: int) -> str:
    return f"M{at * (BAR + GAP)} {HEIGHT}v-{height}h{BAR}v{height}z"
