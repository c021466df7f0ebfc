"""The process that digests: items into stores, facts to the world and to plugins."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Sequence

import msgspec

from amber import tally
from amber.bus import FACTS, ITEMS, Bus, Consumer, Message, fact_subject
from amber.delivery import DeadLetters, Delivery, Terms, Verdict, each
from amber.digest import Digest
from amber.errors import Reject, Unavailable
from amber.kernel import Kernel
from amber.model import Fact
from amber.outbox import Outbox
from amber.status import Reporter, Status

log = logging.getLogger("amber.worker")


class Worker:
    """Runs the consumers of one process until it is told to stop."""

    def __init__(self, kernel: Kernel, bus: Bus) -> None:
        self._kernel, self._bus = kernel, bus
        self._deliveries: list[Delivery] = []
        self._outbox = Outbox(kernel.stores.issues, bus)
        self._lag = 0
        self._items: Consumer | None = None
        self._problems: tuple[str, ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Digest until `stop`; what is in hand is finished. Raises what a consumer dies of."""
        await self._open_digest()
        await self._open_facts()
        self._kernel.metrics.lag_from(lambda: self._lag)
        side = [asyncio.create_task(self._measure()), asyncio.create_task(Reporter(self._bus, self.status).run())]
        main = [asyncio.create_task(delivery.run()) for delivery in self._deliveries]
        outbox = asyncio.create_task(self._outbox.run())
        waiting = asyncio.create_task(stop.wait())
        log.info("worker is ready: %d consumers", len(main))
        try:
            await asyncio.wait({waiting, outbox, *main}, return_when=asyncio.FIRST_COMPLETED)
            for delivery in self._deliveries:
                delivery.stop()
            await asyncio.gather(*main)
            self._outbox.stop()
            await outbox
        finally:
            for task in (*side, *main, outbox, waiting):
                task.cancel()

    async def _open_digest(self) -> None:
        kernel, settings = self._kernel, self._kernel.settings.worker
        if not kernel.dispatcher.plugins("scrub_events"):
            self._problems = ("worker: no plugin scrubs events, so items are kept but not digested",)
            log.error("%s; `amber plugins` says why", self._problems[0])
            return
        protocols = {**await kernel.protocols(), tally.PROTOCOL: tally.protocol()}
        digest = Digest(kernel.dispatcher, self._bus, kernel.stores, kernel.metrics, protocols)
        digest.on_stored = self._outbox.ring
        await digest.start()
        consumer = await self._bus.consume(ITEMS, "digest", [ITEMS.subjects], settings.ack_wait)
        self._items = consumer
        terms = Terms(ITEMS, "digest", settings.batch, settings.attempts, ack_wait=settings.ack_wait)
        delivery = Delivery(consumer, digest.handle, terms, self._dead())
        delivery.on_dead = digest.bury
        self._add(delivery)

    async def _open_facts(self) -> None:
        """One durable consumer for each plugin that hears facts."""
        settings = self._kernel.settings.worker
        for name in self._kernel.dispatcher.plugins("on_fact"):
            manifest = self._kernel.registry.plugins[name].manifest
            kinds = manifest.rights.facts if manifest else ()
            if not kinds:
                log.error("plugin %s has on_fact but lists no rights.facts in its plugin.toml: it hears nothing", name)
                continue
            subjects = [fact_subject(kind, "*") for kind in kinds]
            consumer = await self._bus.consume(FACTS, f"plugin-{name}", subjects, settings.ack_wait)
            terms = Terms(FACTS, name, batch=16, attempts=settings.attempts, ack_wait=settings.ack_wait)
            self._add(Delivery(consumer, FactHandler(self._kernel, name).handle, terms, self._dead()))

    def _dead(self) -> DeadLetters:
        return DeadLetters(self._bus, self._kernel.metrics)

    def _add(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)

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
            problems=self._problems,
            plugins=tuple(self._kernel.report()),
        )


class FactHandler:
    """Hands facts to one plugin, each with its own verdict."""

    def __init__(self, kernel: Kernel, plugin: str) -> None:
        self._kernel, self._plugin = kernel, plugin

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """One fact after the other."""
        return await each(messages, self._hear)

    async def _hear(self, message: Message) -> None:
        try:
            fact = msgspec.json.decode(message.data, type=Fact)
        except msgspec.MsgspecError as error:
            raise Reject(f"not a fact: {error}") from error
        await self._kernel.dispatcher.ask(self._plugin, "on_fact", lambda value: value, fact=fact)
