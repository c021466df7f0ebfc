"""The desk where consumers are looked after: how far each is, which are paused, and how one goes on."""

import asyncio
import contextlib
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from amber.bus import DEAD, FACTS, ITEMS, TASKS, Bus, Standing, dead_subject
from amber.errors import Unavailable
from amber.model import AuditEntry, Directory
from amber.pausing import Pause, Pauses

PERIOD = 2.0
"""Seconds after which a pause is known to every page."""
HOMES = (ITEMS.name, FACTS.name, TASKS.name)
"""The streams whose messages are worked through."""


class Queue(Struct, frozen=True):
    """A consumer with what waits for it: `waiting` not handed out yet, `in_hand` not done yet, the oldest of both from
    `since` (Unix seconds; 0 where nothing is left to do). `dead` of its letters are kept. `pause` says why it stands
    still, None where it works.
    """

    name: str
    stream: str
    waiting: int = 0
    in_hand: int = 0
    since: float = 0.0
    dead: int = 0
    pause: Pause | None = None


class QueueDesk:
    """What plugins reach as `ctx.kernel("consumers")`; `paused` are those known to stand still, some seconds late."""

    def __init__(self, bus: Callable[[], Bus | None], directory: Callable[[], Directory]) -> None:
        self._bus_now, self._directory = bus, directory
        self.paused: tuple[Pause, ...] = ()

    async def watch(self) -> None:
        """Keep `paused` true, until cancelled; while the bus is away it stays as it was."""
        while True:
            with contextlib.suppress(Unavailable):
                await self._look()
            await asyncio.sleep(PERIOD)

    async def _look(self) -> None:
        self.paused = tuple(await Pauses(self._bus()).all())

    async def all(self) -> list[Queue]:
        """Every consumer, and every pause of one that is not there. Raises Unavailable."""
        await self._look()
        pauses = {pause.consumer: pause for pause in self.paused}
        known = [one for one in await self._bus().standings() if one.stream in HOMES]
        found = [await self._queue(one, pauses.pop(one.name, None)) for one in known]
        return found + [Queue(name, "", pause=pause) for name, pause in pauses.items()]

    async def _queue(self, one: Standing, pause: Pause | None) -> Queue:
        plugin = "*" if one.stream == ITEMS.name else one.name.partition("-")[2] or one.name
        dead = await self._bus().glance(DEAD, [dead_subject(one.stream, plugin, "*")], 0, 0)
        return Queue(one.name, one.stream, one.waiting, one.in_hand, one.since, dead.total, pause)

    async def resume(self, consumer: str, audit: AuditEntry) -> None:
        """Let a consumer go on, in every worker. Raises Reject (404) for one that is not paused, Unavailable."""
        pauses = {pause.consumer: pause for pause in await Pauses(self._bus()).all()}
        await Pauses(self._bus()).resume(consumer)
        told = replace(audit, subject=f"consumer:{consumer}", after={"reason": pauses[consumer].reason})
        await asyncio.to_thread(self._directory().note_change, told)
        await self._look()

    def _bus(self) -> Bus:
        bus = self._bus_now()
        if bus is None:
            raise Unavailable("this process has no bus, and consumers are part of it")
        return bus
