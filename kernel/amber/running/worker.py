"""The process that digests: items into stores, facts to the world and to plugins."""

import asyncio
import contextlib
import logging
import os
import time
from typing import Any

from amber.bus import ITEMS, Bus, Consumer
from amber.delivering.delivery import DeadLetters, Delivery, Terms
from amber.delivering.schedule import Schedule
from amber.digesting.digest import Digest
from amber.digesting.jobs import buried
from amber.digesting.outbox import Outbox
from amber.errors import Unavailable
from amber.ingest import tally
from amber.kernel import Kernel
from amber.model import IngestProtocol
from amber.poison.gates import Gates, Rules
from amber.poison.journal import Journal
from amber.poison.suspects import Suspects
from amber.running.consumers import Consumers
from amber.watching.status import Reporter, Status
from amber.watching.tracing import Tracer

log = logging.getLogger("amber.worker")


class Worker:
    """Runs the consumers of one process until it is told to stop."""

    def __init__(self, kernel: Kernel, bus: Bus, journal: Journal | None = None) -> None:
        self._kernel, self._bus = kernel, bus
        self._outbox = Outbox(kernel.stores.issues, bus)
        settings = kernel.settings.worker
        self._suspects = Suspects(bus, journal or Journal())
        self._gates = Gates(bus, Rules(settings.pause_share, settings.probe_after), kernel.metrics)
        self._consumers = Consumers(kernel, bus, self._suspects, self._gates)
        self._schedule = Schedule(kernel.dispatcher, kernel.stores.issues, kernel.metrics)
        self._lag = 0
        self._items: Consumer | None = None
        self._digest: Digest | None = None
        self._problems: tuple[str, ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Digest until `stop`; what is in hand is finished. Raises what a consumer dies of."""
        await self._suspects.start()
        await self._gates.start()
        self._kernel.dispatcher.on_call = self._suspects.journal.call
        await self._settle()
        self._kernel.on_closing, self._kernel.on_switched = self._close, self._settle
        self._kernel.metrics.lag_from(lambda: self._lag)
        tracer = Tracer(f"worker-{os.getpid()}", self._kernel.dispatcher, self._bus)
        side = [
            asyncio.create_task(one) for one in (self._measure(), Reporter(self._bus, self.status).run(), tracer.run())
        ]
        outbox = asyncio.create_task(self._outbox.run())
        waiting = asyncio.create_task(stop.wait())
        log.info("worker is ready")
        try:
            ends: set[asyncio.Future[Any]] = {waiting, outbox, self._consumers.broken}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await self._schedule.drain()
            await self._consumers.drain()
            self._outbox.stop()
            await outbox
            if self._consumers.broken.done():
                self._consumers.broken.result()
        finally:
            for task in (*side, outbox, waiting):
                task.cancel()

    async def _settle(self) -> None:
        """Take on what the plugins that run now speak, handle and hear."""
        if self._digest is None:
            await self._open_digest()
        else:
            await self._digest.start(await self._protocols())
        await self._consumers.settle()
        await self._schedule.settle()

    async def _close(self, plugin: str) -> None:
        """Stop what this process does for a plugin."""
        await self._schedule.close(plugin)
        await self._consumers.close(plugin)

    async def _open_digest(self) -> None:
        kernel, settings = self._kernel, self._kernel.settings.worker
        if not kernel.dispatcher.plugins("scrub_events"):
            self._problems = ("worker: no plugin scrubs events, so items are kept but not digested",)
            log.error("%s; `amber plugins` says why", self._problems[0])
            return
        self._problems = ()
        digest = self._digest = Digest(kernel.dispatcher, self._bus, kernel.stores, kernel.metrics)
        digest.on_stored = self._outbox.ring
        await digest.start(await self._protocols())
        consumer = self._items = await self._bus.consume(ITEMS, "digest", [ITEMS.subjects], settings.ack_wait)
        terms = Terms(ITEMS, "digest", settings.batch, settings.attempts, ack_wait=settings.ack_wait)
        delivery = Delivery(consumer, digest.handle, terms, DeadLetters(self._bus, kernel.metrics))
        delivery.on_dead, delivery.mark, delivery.walk = digest.bury, buried, digest.walk
        gate = self._gates.of("digest")
        digest.on_ends = gate.count
        delivery.heed(gate, is_counting=False)
        self._consumers.serve("the digest", [delivery])

    async def _protocols(self) -> dict[str, IngestProtocol]:
        return {**await self._kernel.protocols(), tally.PROTOCOL: tally.protocol()}

    async def _measure(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                self._lag = await self._items.waiting() if self._items is not None else 0
            await asyncio.sleep(1)

    def status(self) -> Status:
        """How this worker is."""
        return Status(
            process=f"worker-{os.getpid()}",
            role="worker",
            at=time.time(),
            metrics=self._kernel.metrics.render().decode(),
            problems=(*self._problems, *self._gates.problems()),
            plugins=tuple(self._kernel.report()),
        )
