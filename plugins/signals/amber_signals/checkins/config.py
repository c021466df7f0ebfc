"""How much is watched, and how long runs are kept."""

from typing import Annotated

from msgspec import Meta, Struct

from amber import Context
from amber_signals.checkins.store import Store


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits, because any app that has a project's key can name a monitor; and how long runs are kept."""

    monitors: Annotated[int, Meta(ge=1, le=10_000, description="Monitors a project may have")] = 500
    environments: Annotated[int, Meta(ge=1, le=1000, description="Environments a monitor may have")] = 50
    days: Annotated[
        int, Meta(ge=0, le=36500, description="Days that runs are kept where a project says nothing; 0: for good")
    ] = 90
    every: Annotated[float, Meta(gt=0, description="Seconds between two looks for what is overdue")] = 10.0


def store_of(ctx: Context[Config]) -> Store:
    """The plugin's tables in this process."""
    return ctx.keep("store", lambda: Store(ctx.database))
