"""Lets old events go, by age and by number, a few at a time, and gives their space back."""

from collections.abc import Sequence

import click

from amber import Context, hookimpl
from amber.model import ScheduledJob
from amber_storage.retention.commands import retention
from amber_storage.retention.config import Config as Config
from amber_storage.retention.running import prune_all, sweep_bodies

EVERY = 6 * 3600.0
"""Seconds between two sweeps of bodies."""


@hookimpl
def scheduled_jobs(ctx: Context[Config]) -> Sequence[ScheduledJob]:
    """A round through all projects, every few minutes; bodies that nothing names any more, now and then."""
    return [
        ScheduledJob("prune", ctx.config.every, lambda: prune_all(ctx)),
        ScheduledJob("sweep_bodies", EVERY, lambda: sweep_bodies(ctx)),
    ]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber retention status` and `amber retention run`."""
    return [retention]
