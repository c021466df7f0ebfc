"""Publishes the facts that stores wrote in the same transaction as what they tell of."""

import asyncio
import contextlib
import logging

import msgspec

from amber.bus import Bus, fact_subject
from amber.errors import Unavailable
from amber.model import Fact, IssueStore

log = logging.getLogger("amber.outbox")
BATCH = 200
IDLE = 0.25
"""Seconds between looks when nobody rang: changes made by other processes are told of this late at most."""


class Outbox:
    """Relays facts from the store to the bus, each at least once, in order."""

    def __init__(self, store: IssueStore, bus: Bus) -> None:
        self._store, self._bus = store, bus
        self._bell = asyncio.Event()
        self._stopping = False

    def ring(self) -> None:
        """There are new facts: look at once."""
        self._bell.set()

    def stop(self) -> None:
        """Relay what is there and return from `run`."""
        self._stopping = True
        self.ring()

    async def run(self) -> None:
        """Relay until `stop`."""
        while True:
            is_last = self._stopping
            try:
                sent = await self.relay()
            except Unavailable as error:
                log.warning("facts wait: %s", error)
                sent = 0
            if sent == BATCH:
                continue
            if is_last:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), IDLE)
            self._bell.clear()

    async def relay(self) -> int:
        """Publish one batch; how many facts it held."""
        facts = await asyncio.to_thread(self._store.pending_facts, BATCH)
        for fact in facts:
            await publish_fact(self._bus, fact)
        if facts:
            await asyncio.to_thread(self._store.forget_facts, [fact.id for fact in facts])
        return len(facts)


async def publish_fact(bus: Bus, fact: Fact) -> None:
    """Tell the world; the fact's id keeps a repeat from being kept twice."""
    await bus.publish(fact_subject(fact.type, fact.project), msgspec.json.encode(fact), fact.id)
