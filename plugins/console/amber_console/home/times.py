"""Times as people say them."""

from datetime import UTC, datetime

STEPS = ((60, "s"), (60, "min"), (24, "h"), (30, "days"), (12, "months"))
"""How many of each unit make one of the next."""


def ago(then: float, now: float) -> str:
    """How long ago `then` was, in its largest unit: `4 min ago`; `just now` for the last seconds and the future."""
    count = max(0.0, now - then)
    if count < 10:
        return "just now"
    for size, unit in STEPS:
        if count < size:
            return f"{int(count)} {_singular(unit) if int(count) == 1 else unit} ago"
        count /= size
    return f"{int(count)} {'year' if int(count) == 1 else 'years'} ago"


def exact(then: float) -> str:
    """The time to the second, in UTC, for people."""
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 1 else unit
