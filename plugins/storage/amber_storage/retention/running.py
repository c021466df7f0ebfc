"""A round through all projects, at a pace that leaves the database to others."""

import asyncio
import time
from collections.abc import Iterator

from amber import Context
from amber.model import Directory, Project
from amber_storage.retention.config import Config, limits_of
from amber_storage.retention.pace import Pace
from amber_storage.retention.pruning import NOTHING, Gone, Pruner

JOB = "retention.prune"
"""What the schedule calls the job, so that a round by hand and one of a worker keep out of each other's way."""


def projects_of(ctx: Context[Config]) -> list[Project]:
    """Every project of every organisation."""
    directory: Directory = ctx.role("directory")
    return [project for home in directory.organisations() for project in directory.projects(home.id)]


def steps(ctx: Context[Config], pace: Pace) -> Iterator[tuple[Project | None, Gone]]:
    """A whole round, each step with the project it is about; the file is made smaller at the end."""
    pruner = Pruner(ctx, pace)
    for project in projects_of(ctx):
        config = ctx.settings(project)
        for gone in pruner.prune(project.id, limits_of(project, config)):
            yield project, gone
        if config.figures_days:
            for gone in pruner.forget_figures(project.id, config.figures_days):
                yield project, gone
    for gone in pruner.give_back():
        yield None, gone


async def prune_all(ctx: Context[Config]) -> None:
    """Take every step, each in a thread of its own, with a rest after each."""
    pace = Pace()
    round = steps(ctx, pace)
    while True:
        started = time.perf_counter()
        step = await asyncio.to_thread(next, round, None)
        seconds = time.perf_counter() - started
        if step is None:
            return
        count(ctx, step[0], step[1], seconds)
        await asyncio.sleep(pace.took(seconds))


async def sweep_bodies(ctx: Context[Config]) -> None:
    """Delete bodies too large for the bus that nothing on it names any more."""
    swept = await ctx.kernel("parked_bodies").sweep(ctx.now())
    if swept:
        ctx.log.info("removed %d bodies that nothing names any more", swept)


def count(ctx: Context[Config], project: Project | None, gone: Gone, seconds: float) -> None:
    """Note in the metrics what a step did."""
    metrics = ctx.kernel("metrics")
    metrics.counter("amber_retention_seconds", "Time in steps of retention").inc(seconds)
    if project is not None and gone != NOTHING:
        events = metrics.counter("amber_pruned_events", "Events let go by retention", "project")
        events.labels(project.slug).inc(gone.events)
        issues = metrics.counter("amber_ended_issues", "Issues that ended with their last event", "project")
        issues.labels(project.slug).inc(gone.issues)
