"""Watches scheduled jobs by their check-ins, and tells people of runs that were missed, failed or overran."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amber import Context, hookimpl
from amber.model import Alert, Fact, IngestProtocol, ItemHandler, Project, ScheduledJob, UiPage
from amber_signals.checkins.config import Config as Config
from amber_signals.checkins.crons import TYPE, cron_protocol
from amber_signals.checkins.receiving import take_checkins
from amber_signals.checkins.telling import alerts_about
from amber_signals.checkins.watching import look, prune

if TYPE_CHECKING:
    from litestar import Router

PRUNE = 3600.0
"""Seconds between two rounds of letting old runs go."""


@hookimpl
def ingest_protocols(ctx: Context[Config]) -> Sequence[IngestProtocol]:
    """The cron URL; what SDKs send comes in envelopes, which the plugin `sentry` opens."""
    return [cron_protocol()]


@hookimpl
def item_handlers() -> Sequence[ItemHandler]:
    """Check-ins, whoever opened what they came in."""
    return [ItemHandler((TYPE,), take_checkins)]


@hookimpl
def scheduled_jobs(ctx: Context[Config]) -> Sequence[ScheduledJob]:
    """The clock of the monitors, and letting old runs go."""
    return [
        ScheduledJob("look", ctx.config.every, lambda: look(ctx)),
        ScheduledJob("prune", PRUNE, lambda: prune(ctx)),
    ]


@hookimpl
def evaluate_fact(fact: Fact, project: Project, ctx: Context[Config]) -> Sequence[Alert]:
    """Tell people what this plugin told the world: queue, retries and dead letters are the kernel's."""
    return alerts_about(fact, project, ctx)


@hookimpl
def api_routes(ctx: Context[Config]) -> Sequence["Router"]:
    """Monitors over the API."""
    from amber_signals.checkins.routes import router  # a worker serves no routes, and starts without them

    return [router(ctx)]


@hookimpl
def ui_pages(ctx: Context[Config]) -> Sequence[UiPage]:
    """Each project's monitors, for all to see, for its members to mute and for those who may write to change."""
    from amber_signals.checkins.pages import show  # a worker draws nothing

    return [UiPage("monitors", "Monitors", show, place="project", change="project:triage", order=50)]
