"""Facts on their way from the plugin's tables to the bus, each at least once and under one id."""

import asyncio

from amber import Context
from amber.errors import Unavailable
from amber_signals.checkins.config import Config, store_of

BATCH = 100


async def relay(ctx: Context[Config]) -> None:
    """Publish what waits. While the bus is away it goes on waiting: the next round takes it."""
    store = store_of(ctx)
    while facts := await asyncio.to_thread(store.pending_facts, BATCH):
        for number, fact in facts:
            try:
                await ctx.publish(fact)
            except Unavailable as error:
                ctx.log.warning("news of monitors waits: %s", error)
                return
            await asyncio.to_thread(store.forget_fact, number)
