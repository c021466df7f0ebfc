"""Times as people say them."""

from datetime import UTC, datetime

STEPS = ((60, "s"), (60, "min"), (24, "h"), (30, "days"), (12, "months"))
"""How many of each unit make one of the next."""


def ago(then: float, now: float) -> str:
    """How long ago `then` was, in its largest unit: `4 min ago`; `just now` for the last seconds and the future."""
    return "just now" if now - then < 10 else f"{age(then, now)} ago"


def age(then: float, now: float) -> str:
    """How much time has passed since `then`, in its largest unit: `4 min`."""
    count = max(0.0, now - then)
    for size, unit in STEPS:
        if count < size:
            return f"{int(count)} {_singular(unit) if int(count) == 1 else unit}"
        count /= size
    return f"{int(count)} {'year' if int(count) == 1 else 'years'}"


def exact(then: float) -> str:
    """The time to the second, in UTC, for people."""
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 1 else unit
