"""The consumers of one worker: the digest's, and those of plugins, which come and go as plugins are switched."""

import asyncio
import logging
from collections.abc import Sequence

from msgspec.structs import replace

from amber.bus import FACTS, TASKS, Bus, Message, fact_subject, task_subject
from amber.bus.reading import read_json
from amber.delivering.delivery import DeadLetters, Delivery, Terms, Verdict, each
from amber.delivering.tasks import WAIT, open_tasks
from amber.errands.hearing import HEARS, Hearing
from amber.errands.late import LateEnricher
from amber.errands.webhooks import WebhookDesk
from amber.errors import Reject
from amber.kernel import Kernel
from amber.model import Fact
from amber.poison.gates import Gates
from amber.poison.suspects import Suspects

log = logging.getLogger("amber.worker")


class Consumers:
    """Serves the digest and every running plugin that wants something of the bus.

    `broken` ends with what a consumer died of.
    """

    def __init__(self, kernel: Kernel, bus: Bus, suspects: Suspects, gates: Gates) -> None:
        self._kernel, self._bus, self._suspects, self._gates = kernel, bus, suspects, gates
        self._serving: dict[str, list[tuple[Delivery, asyncio.Task[None]]]] = {}
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def settle(self) -> None:
        """Open what running plugins want and do not have yet."""
        for plugin in self._kernel.registry.running():
            if plugin.name not in self._serving:
                self.serve(plugin.name, await self._open(plugin.name))

    async def _open(self, name: str) -> list[Delivery]:
        parts = (self._facts_of, self._tasks_of, self._events_of, self._webhooks_of)
        return [delivery for part in parts for delivery in await part(name)]

    async def _facts_of(self, name: str) -> list[Delivery]:
        """Durable consumers of the facts a plugin may hear, and of those it failed on that are handed back to it."""
        if not any(self._kernel.dispatcher.answers(name, hook) for hook in HEARS):
            return []
        settings, manifest = self._kernel.settings.worker, self._kernel.registry.plugins[name].manifest
        kinds = manifest.rights.facts if manifest else ()
        if not kinds:
            log.error("plugin %s lists no rights.facts in its plugin.toml, so it hears nothing", name)
            return []
        subjects = [fact_subject(kind, "*") for kind in kinds]
        # what happened before the plugin was enabled is told by `amber replay`, to those who ask for it
        news = await self._bus.consume(FACTS, f"plugin-{name}", subjects, settings.ack_wait, from_now=True)
        again = await self._bus.consume(TASKS, f"again-{name}", [task_subject(name, "fact")], settings.ack_wait)
        terms = Terms(FACTS, name, batch=16, attempts=settings.attempts, ack_wait=settings.ack_wait)
        hearing, dead = Hearing(self._kernel, self._bus), DeadLetters(self._bus, self._kernel.metrics)
        handle = FactHandler(hearing, name).handle
        first = Delivery(news, handle, terms, dead)
        second = Delivery(again, handle, replace(terms, stream=TASKS, wait=WAIT), dead)
        first.heed(self._gates.of(f"plugin-{name}"))
        second.heed(self._gates.of(f"again-{name}"))
        return [first, second]

    async def _tasks_of(self, name: str) -> list[Delivery]:
        """The consumers of what a plugin is to deliver."""
        kernel = self._kernel
        if not kernel.dispatcher.answers(name, "deliver"):
            return []
        dead = DeadLetters(self._bus, kernel.metrics)
        found = await open_tasks(self._bus, kernel.sender, name, kernel.settings.worker, dead)
        for one in found:
            one.heed(self._gates.of(f"task-{name}"))
        return found

    async def _events_of(self, name: str) -> list[Delivery]:
        """The consumer of kept events that a plugin is to add to."""
        if not self._kernel.dispatcher.answers(name, "enrich_events"):
            return []
        settings = self._kernel.settings.worker
        subjects = [task_subject(name, "enrich")]
        consumer = await self._bus.consume(TASKS, f"enrich-{name}", subjects, settings.ack_wait)
        terms = Terms(TASKS, name, attempts=settings.attempts, wait=WAIT, ack_wait=settings.ack_wait)
        dead, handle = DeadLetters(self._bus, self._kernel.metrics), LateEnricher(self._kernel, name).handle
        one = Delivery(consumer, handle, terms, dead)
        one.heed(self._gates.of(f"enrich-{name}"))
        return [one]

    async def _webhooks_of(self, name: str) -> list[Delivery]:
        """The consumer of what was sent to the addresses of a plugin's targets; what strangers send never pauses it."""
        if not self._kernel.dispatcher.answers(name, "receive_webhook"):
            return []
        settings = self._kernel.settings.worker
        consumer = await self._bus.consume(TASKS, f"hook-{name}", [task_subject(name, "webhook")], settings.ack_wait)
        terms = Terms(TASKS, name, batch=1, attempts=settings.attempts, wait=WAIT, ack_wait=settings.ack_wait)
        dead = DeadLetters(self._bus, self._kernel.metrics)
        return [Delivery(consumer, WebhookDesk(self._kernel, self._bus, name).handle, terms, dead)]

    def serve(self, owner: str, deliveries: Sequence[Delivery]) -> None:
        """Run these until their owner is closed."""
        for one in deliveries:
            one.watch(self._suspects)
        self._serving[owner] = [(one, asyncio.create_task(one.run())) for one in deliveries]
        for _, task in self._serving[owner]:
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.broken.done():
            self.broken.set_exception(error)

    async def close(self, name: str) -> None:
        """Stop serving an owner once what it has in hand is finished; its place in the streams is kept."""
        serving = self._serving.pop(name, [])
        for delivery, _ in serving:
            delivery.stop()
        for delivery, task in serving:
            await task
            await delivery.release()

    async def drain(self) -> None:
        """Stop serving everybody."""
        await asyncio.gather(*map(self.close, tuple(self._serving)))


class FactHandler:
    """Hands facts to one plugin, each with its own verdict."""

    def __init__(self, hearing: Hearing, plugin: str) -> None:
        self._hearing, self._plugin = hearing, plugin

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """One fact after the other."""
        return await each(messages, self._hear)

    async def _hear(self, message: Message) -> None:
        fact = read_json(message.data, Fact, "a fact")
        # what a plugin may publish is held by subject; the tasks that hand facts back have another
        if message.stream.startswith(f"{FACTS.name}@") and message.subject != fact_subject(fact.type, fact.project):
            raise Reject(f"a forged fact: it calls itself {fact.type} and came as {message.subject}")
        await self._hearing.hear(self._plugin, fact)
