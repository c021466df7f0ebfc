"""Deliveries as tasks: queued for one plugin, tried until they are done or given up, each try written down."""

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import TASKS, Bus, Message, task_subject
from amber.bus.reading import read_json
from amber.config import WorkerConfig
from amber.delivering.delivery import DeadLetters, Delivery, Terms, Verdict, asked_for, delay, each
from amber.delivering.sending import Sender, words
from amber.errors import AmberError, Reject, Retry
from amber.model import Attempt, Notification, Target

WIDTH = 8
"""Deliveries of one plugin that are under way at once in one process: a slow target holds up one of them."""
LONGEST_PAUSE = 6 * 3600.0
"""Seconds before the next try, whatever the receiver asks for: all tries must fit into the days that TASKS keeps."""
WAIT = 5.0
"""Seconds one request for tasks stands open; there are `WIDTH` of them."""


class Task(Struct, frozen=True):
    """One notification for one target, as it waits in the queue."""

    target: int
    notification: Notification


async def queue_task(bus: Bus, plugin: str, task: Task, again: str = "") -> None:
    """Queue a delivery. The same one within two minutes is kept once, unless `again` tells them apart.

    Raises Unavailable.
    """
    identity = f"{task.notification.id}-{task.target}{again}"
    await bus.publish(task_subject(plugin, "deliver"), msgspec.json.encode(task), identity)


async def open_tasks(
    bus: Bus, sender: Sender, plugin: str, settings: WorkerConfig, dead: DeadLetters
) -> list[Delivery]:
    """The consumers of a plugin's deliveries: one reading position, served by several side by side."""
    terms = Terms(TASKS, plugin, batch=1, attempts=settings.attempts, wait=WAIT, ack_wait=settings.ack_wait)
    subjects = [task_subject(plugin, "deliver")]
    found = []
    for _ in range(WIDTH):
        consumer = await bus.consume(TASKS, f"task-{plugin}", subjects, settings.ack_wait)
        handler = TaskHandler(sender, plugin, settings.attempts)
        delivery = Delivery(consumer, handler.handle, terms, dead)
        delivery.on_dead = handler.bury
        found.append(delivery)
    return found


class TaskHandler:
    """Tries tasks of one plugin. It alone decides what a failure means: another try (Retry) or none (Reject)."""

    def __init__(self, sender: Sender, plugin: str, attempts: int) -> None:
        self._sender, self._plugin, self._attempts = sender, plugin, attempts
        self._given_up: dict[int, Attempt] = {}

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """Each message's verdict."""
        return await each(messages, self.deliver)

    async def deliver(self, message: Message) -> None:
        """Try once. A target that is gone, switched off or another plugin's now gets nothing."""
        task = read_json(message.data, Task, "a task")
        target = await asyncio.to_thread(self._sender.directory.target, task.target)
        if target is not None and target.is_enabled and target.plugin == self._plugin:
            await self._try(message, task, target)

    async def _try(self, message: Message, task: Task, target: Target) -> None:
        attempt, error = await self._sender.attempt(target, task.notification, message.delivered)
        verdict = judge(error, message.delivered, self._attempts) if error else None
        if isinstance(verdict, Reject):
            self._given_up[message.seq] = replace(attempt, outcome="dead")  # noted once it lies among the dead letters
        else:
            await self._sender.note(attempt)
        if verdict is not None:
            raise verdict

    async def bury(self, message: Message, _: Exception) -> None:
        """Note that a task was given up, once it is among the dead letters."""
        attempt = self._given_up.pop(message.seq, None)
        if attempt is not None:
            await self._sender.note(attempt)


def judge(error: AmberError, number: int, attempts: int) -> Retry | Reject:
    """What the `number`-th failure means. A receiver that says when to come back is not asked sooner than the back-off
    would, nor oftener than any other: one that says so for ever must not be asked for ever.
    """
    reason = words(error)
    if isinstance(error, Reject):
        return error
    if number >= attempts:
        return Reject(reason if attempts == 1 else f"{reason} (try {number} of {attempts})")
    after = asked_for(error) if isinstance(error, Retry) else None
    return Retry(min(LONGEST_PAUSE, max(after or 0.0, delay(number))), reason)
