"""The clock of the monitors: one worker among many looks for runs that never began, and for those that never ended."""

import asyncio

from msgspec import Struct

from amber import Context
from amber.errors import Reject, Unavailable
from amber.model import Directory
from amber_signals.checkins.config import Config, store_of
from amber_signals.checkins.outbox import relay
from amber_signals.checkins.running import settle_overdue
from amber_signals.checkins.store import Store

DIGEST, ITEMS = "digest", "ITEMS"
"""The consumer that check-ins come through, and its stream."""
SLACK = 2.0
"""Seconds between a check-in's arrival and its being seen on the bus."""
PATIENCE = 600.0
"""Seconds that one item may hold up the clock: longer than that, and it is stuck itself."""
BATCH, STEP, REST = 200, 500, 0.1
DAYS = "retention_days"
"""The project setting that says for how many days events are kept; runs are kept as long."""
DAY = 24 * 3600.0


class Backlog(Struct):
    """The time of the oldest item that waited when the clock last looked, and since when it is that one."""

    since: float = 0.0
    first_seen: float = 0.0


async def look(ctx: Context[Config]) -> None:
    """One look: what is overdue is written down and told."""
    store = store_of(ctx)
    try:
        horizon = await horizon_of(ctx)
    except Unavailable as error:
        ctx.log.warning("nothing is called missed while nobody can tell what waits: %s", error)
        return
    seen: set[int] = set()
    while numbers := set(await asyncio.to_thread(store.due, horizon, BATCH + len(seen))) - seen:
        seen |= numbers
        for number in sorted(numbers):
            await asyncio.to_thread(_settle, ctx, store, number, horizon)
    await relay(ctx)


async def horizon_of(ctx: Context[Config]) -> float:
    """Up to when every check-in that came is known: now, or the time of the oldest item that is not digested yet.

    So a worker that was away, or has much to do, calls nothing missed whose check-in lies on the bus.
    """
    backlog, now = ctx.keep("backlog", Backlog), ctx.now()
    queues = await ctx.kernel("consumers").all()
    waiting = [one.since for one in queues if (one.stream, one.name) == (ITEMS, DIGEST) and one.since]
    since = min((now, *waiting))
    if since != backlog.since:
        backlog.since, backlog.first_seen = since, now
    return (now if now - backlog.first_seen > PATIENCE else since) - SLACK


def _settle(ctx: Context[Config], store: Store, number: int, horizon: float) -> None:
    """Settle a monitor; all is looked at again under its lock, so two that look at once count nothing twice."""
    try:
        with store.hold(number) as ledger:
            if ledger is not None:
                for watch in ledger.watches():
                    settle_overdue(ledger, watch, horizon)
    except Reject as refused:  # its time zone is one that this machine no longer knows; the others go on
        ctx.log.error("monitor %d cannot be watched: %s", number, refused.detail)


async def prune(ctx: Context[Config]) -> None:
    """Let old runs go, as the project's events go; and the monitors of projects that are gone."""
    store, directory = store_of(ctx), ctx.role("directory")
    for project in await asyncio.to_thread(store.projects):
        days = await asyncio.to_thread(_days, directory, project, ctx.config.days)
        if days is None:
            await asyncio.to_thread(store.forget_project, project)
        elif days:
            gone = STEP
            while gone == STEP:
                gone = await asyncio.to_thread(store.forget_runs, project, ctx.now() - days * DAY, STEP)
                await asyncio.sleep(REST)  # others write to the same database


def _days(directory: Directory, project: int, otherwise: int) -> int | None:
    known = directory.project(str(project))
    if known is None:
        return None
    own = known.settings.get(DAYS)
    return own if isinstance(own, int) and not isinstance(own, bool) and own >= 0 else otherwise
