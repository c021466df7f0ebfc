"""Times as people say them on a command line."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import click

AGO = re.compile(r"([0-9]{1,6})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Moment(click.ParamType[float]):
    """A time as Unix seconds: `7d`, `12h` or `30m` ago, or a date such as 2026-01-31 or 2026-01-31T12:00Z."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; times without a zone are UTC."""
        if isinstance(value, float):
            return value
        if ago := AGO.fullmatch(value):
            return time.time() - int(ago[1]) * SECONDS[ago[2]]
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither like 7d, 12h or 30m nor a date such as 2026-01-31", param, ctx)


class Rate(click.ParamType[float]):
    """So many a second: `100` or `100/s`; `30/m` is one every two seconds."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it as a number a second."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:/([smh]))?", value)
        rate = float(found[1]) / SECONDS[found[2] or "s"] if found else 0.0
        if rate <= 0:
            self.fail(f"{value!r} is no rate such as 100/s", param, ctx)
        return rate


def moment(at: float) -> str:
    """Unix seconds as people read them, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
