"""`amber retention status | run`."""

import time
from collections import Counter
from datetime import UTC, datetime

import click
import msgspec
from msgspec import Struct

from amber import Context
from amber.errors import ConfigError
from amber.model import Claim, EventStore, IssueStore, Project
from amber_storage.retention.config import Config, limits_of
from amber_storage.retention.pace import Pace
from amber_storage.retention.pruning import DAY
from amber_storage.retention.running import JOB, projects_of, steps

LEASE = 60.0
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


class ProjectState(Struct, frozen=True):
    """What is kept of a project, and how many of its events the next round looks at because they are too many."""

    project: str
    events: int
    oldest: str | None
    days: int
    most: int
    too_old: int
    too_many: int


@click.group()
def retention() -> None:
    """Old events: what is kept, and letting go of the rest now."""


@retention.command()
@AS_JSON
@click.pass_obj
def status(ctx: Context[Config], /, as_json: bool) -> None:
    """Show what is kept of each project, its limits, and how much is over them. Nothing is changed."""
    states = [_state(ctx, project) for project in projects_of(ctx)]
    if as_json:
        click.echo(msgspec.json.encode(states).decode())
        return
    for one in states:
        limits = f"{one.days or 'any'} days, {f'{one.most:,}' if one.most else 'any number of'} events"
        click.echo(f"{one.project}: {one.events:,} events since {one.oldest or 'never'} (limits: {limits})")
        if one.too_old or one.too_many:
            click.echo(f"  over them: {one.too_old:,} too old, {one.too_many:,} too many")


@retention.command()
@click.option("--fast", is_flag=True, help="Take no rest between steps; events wait longer to be stored meanwhile.")
@click.pass_obj
def run(ctx: Context[Config], /, fast: bool) -> None:
    """Do a round now, here, and say what went."""
    store: IssueStore = ctx.role("issue_store")
    holder = f"cli-{ctx.now()}"
    if not store.claim_job(Claim(JOB, holder, ctx.now(), LEASE, every=0)):
        raise ConfigError("a round is under way in a worker; `amber retention status` shows how far it is")
    try:
        events, issues = _round(ctx, store, holder, Pace(rest=0.0) if fast else Pace())
    finally:
        store.hold_job(JOB, holder, ctx.now())
    for slug in events:
        click.echo(f"{slug}: {events[slug]:,} events let go, {issues[slug]:,} issues ended")
    if not events:
        click.echo("Nothing had to go.")


def _round(ctx: Context[Config], store: IssueStore, holder: str, pace: Pace) -> tuple[Counter[str], Counter[str]]:
    """A whole round in this process; how many events and issues went of each project."""
    events: Counter[str] = Counter()
    issues: Counter[str] = Counter()
    held, started = ctx.now(), time.perf_counter()
    for project, gone in steps(ctx, pace):
        if project is not None and gone.events:
            events[project.slug] += gone.events
            issues[project.slug] += gone.issues
        if ctx.now() - held > LEASE / 4:
            store.hold_job(JOB, holder, ctx.now() + LEASE)
            held = ctx.now()
        time.sleep(pace.took(time.perf_counter() - started))
        started = time.perf_counter()
    return events, issues


def _state(ctx: Context[Config], project: Project) -> ProjectState:
    store: EventStore = ctx.role("event_store")
    limits = limits_of(project, ctx.settings(project))
    held = store.held(project.id, ctx.now() - limits.days * DAY if limits.days else 0.0)
    oldest = None if held.oldest is None else f"{datetime.fromtimestamp(held.oldest, UTC):%Y-%m-%d %H:%M:%SZ}"
    too_many = max(0, held.events - held.older - limits.events) if limits.events else 0
    return ProjectState(project.slug, held.events, oldest, limits.days, limits.events, held.older, too_many)
