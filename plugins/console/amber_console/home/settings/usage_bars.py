"""What became of what was sent, as stacked bars over time."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from amber_console.home.settings.usage_counts import ENDS

WIDTH, HEIGHT = 720, 160
DAY = 24


class Period(Struct, frozen=True):
    """A stretch of time a page may show, in spans of `step` hours."""

    key: str
    words: str
    hours: int
    step: int

    def ends(self, now: float) -> tuple[int, int]:
        """The Unix hours from which and until before which it reaches; spans of days are those of UTC."""
        until = -(-(int(now // 3600) + 1) // self.step) * self.step
        return until - self.hours, until


PERIODS = {
    one.key: one
    for one in (
        Period("24h", "24 hours", DAY, 1),
        Period("7d", "7 days", 7 * DAY, 6),
        Period("30d", "30 days", 30 * DAY, DAY),
        Period("90d", "90 days", 90 * DAY, DAY),
    )
}
DEFAULT = "7d"


class Piece(Struct, frozen=True):
    """One colour of one bar."""

    outcome: str
    y: float
    height: float


class Bar(Struct, frozen=True):
    """One span: where its bar stands, its pieces from below, and what it says."""

    x: float
    width: float
    pieces: tuple[Piece, ...]
    label: str
    when: str
    sums: dict[str, int]


class Chart(Struct, frozen=True):
    """Bars from the oldest span to the newest; `outcomes` are those that occur."""

    bars: tuple[Bar, ...]
    outcomes: tuple[str, ...]
    peak: int


def chart(spans: Sequence[Counter[str]], since: int, step: int) -> Chart:
    """The bars of these sums, whose spans of `step` hours begin at Unix hour `since`."""
    peak = max((span.total() for span in spans), default=0)
    width = WIDTH / max(1, len(spans))
    gap = 2 if width > 6 else 1
    bars = tuple(_bar(span, at * width, width - gap, (since + at * step, step, peak)) for at, span in enumerate(spans))
    outcomes = tuple(one for one in ENDS if any(span[one] for span in spans))
    return Chart(bars, outcomes, peak)


def _bar(span: Counter[str], x: float, width: float, about: tuple[int, int, int]) -> Bar:
    hour, step, peak = about
    pieces, top = [], float(HEIGHT)
    for outcome in ENDS:
        if span[outcome] > 0:
            height = max(1.5, span[outcome] / peak * (HEIGHT - 12))
            top -= height
            pieces.append(Piece(outcome, round(top, 2), round(height, 2)))
    when = _when(hour, step)
    told = ", ".join(f"{span[outcome]:,} {ENDS[outcome]}" for outcome in ENDS if span[outcome] > 0)
    return Bar(round(x, 2), round(width, 2), tuple(pieces), f"{when}: {told or 'nothing'}", when, dict(span))


def _when(hour: int, step: int) -> str:
    begin, end = (datetime.fromtimestamp(at * 3600, UTC) for at in (hour, hour + step))
    day = f"{begin.day} {begin:%b}"
    return day if step == DAY else f"{day} {begin:%H:%M} to {end:%H:%M}"
