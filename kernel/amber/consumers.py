"""The consumers of one worker: the digest's, and those of plugins, which come and go as plugins are switched."""

import asyncio
import logging
from collections.abc import Sequence

from msgspec.structs import replace

from amber.bus import FACTS, TASKS, Bus, Message, fact_subject, task_subject
from amber.bus.reading import read_json
from amber.delivery import DeadLetters, Delivery, Terms, Verdict, each
from amber.gates import Gates
from amber.kernel import Kernel
from amber.model import Fact
from amber.suspects import Suspects
from amber.tasks import WAIT, open_tasks

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
        return [*await self._facts_of(name), *await self._tasks_of(name)]

    async def _facts_of(self, name: str) -> list[Delivery]:
        """Durable consumers of the facts a plugin may hear, and of those it failed on that are handed back to it."""
        if not self._kernel.dispatcher.answers(name, "on_fact"):
            return []
        settings, manifest = self._kernel.settings.worker, self._kernel.registry.plugins[name].manifest
        kinds = manifest.rights.facts if manifest else ()
        if not kinds:
            log.error("plugin %s has on_fact but lists no rights.facts in its plugin.toml: it hears nothing", name)
            return []
        subjects = [fact_subject(kind, "*") for kind in kinds]
        news = await self._bus.consume(FACTS, f"plugin-{name}", subjects, settings.ack_wait)
        again = await self._bus.consume(TASKS, f"again-{name}", [task_subject(name, "fact")], settings.ack_wait)
        terms = Terms(FACTS, name, batch=16, attempts=settings.attempts, ack_wait=settings.ack_wait)
        dead, handle = DeadLetters(self._bus, self._kernel.metrics), FactHandler(self._kernel, name).handle
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

    def __init__(self, kernel: Kernel, plugin: str) -> None:
        self._kernel, self._plugin = kernel, plugin

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """One fact after the other."""
        return await each(messages, self._hear)

    async def _hear(self, message: Message) -> None:
        fact = read_json(message.data, Fact, "a fact")
        await self._kernel.dispatcher.ask(self._plugin, "on_fact", lambda value: value, fact=fact)
