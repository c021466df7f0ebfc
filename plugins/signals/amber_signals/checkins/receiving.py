"""Check-ins become runs: what a worker does with items of the type `check_in`."""

import asyncio
from collections.abc import Sequence

from amber import Context
from amber.errors import Reject
from amber.model import Handled, Item
from amber_signals.checkins.config import Config, store_of
from amber_signals.checkins.ledger import Ledger
from amber_signals.checkins.monitors import Monitor, Plan
from amber_signals.checkins.outbox import relay
from amber_signals.checkins.payloads import CheckIn, read_checkin
from amber_signals.checkins.running import Heard, begin, end
from amber_signals.checkins.standing import planned
from amber_signals.checkins.store import Store


async def take_checkins(items: Sequence[Item], ctx: Context[Config]) -> list[Handled]:
    """Write each check-in down, one transaction each, then tell what came of them."""
    store, config = store_of(ctx), ctx.config
    handled = await asyncio.to_thread(lambda: [_take(item, store, config) for item in items])
    await relay(ctx)
    return handled


def _take(item: Item, store: Store, config: Config) -> Handled:
    try:
        checkin = read_checkin(item.payload)
        with store.admit(_new_monitor(item, checkin), config.monitors) as ledger:
            _follow_code(ledger, checkin, item.received_at)
            watch = ledger.watch(checkin.environment, config.environments)
            step = begin if checkin.status == "in_progress" else end
            step(ledger, watch, Heard(checkin, item.id, item.received_at))
    except Reject as refused:
        return Handled("invalid", refused.detail)
    return Handled(reason=checkin.problem)


def _new_monitor(item: Item, checkin: CheckIn) -> Monitor:
    """The monitor that a check-in for a name nobody knows makes; without a plan until somebody says when it is due."""
    plan = checkin.plan or Plan()
    return Monitor(0, item.project, checkin.slug, checkin.name, plan, True, False, None, item.received_at)


def _follow_code(ledger: Ledger, checkin: CheckIn, at: float) -> None:
    """Take on the plan that the code states, unless a person made one."""
    monitor = ledger.monitor
    if checkin.plan is None or checkin.plan == monitor.plan or not monitor.follows_code:
        return
    ledger.change(plan=checkin.plan)
    for watch in ledger.watches():
        ledger.keep(planned(watch, checkin.plan, at))
