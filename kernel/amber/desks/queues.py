"""The desk where consumers are looked after: how far each is, which are paused, and how one goes on."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import DEAD, FACTS, ITEMS, TASKS, Bus, Standing
from amber.errors import Unavailable
from amber.model import AuditEntry, Directory
from amber.poison.pausing import Pause, Pauses

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


class Load(Struct, frozen=True):
    """What waits for a plugin, what it has in hand, and how many of its dead letters are kept."""

    waiting: int = 0
    in_hand: int = 0
    dead_letters: int = 0


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
        known, dead = await self._standings(), await self._dead()
        found = [_queue(one, dead, pauses.pop(one.name, None)) for one in known]
        return found + [Queue(name, "", pause=pause) for name, pause in pauses.items()]

    async def loads(self) -> dict[str, Load]:
        """What waits for each plugin that anything waits for, or died with. Raises Unavailable."""
        found: dict[str, Load] = {}
        for one in await self._standings():
            if one.stream != ITEMS.name:
                plugin = plugin_of(one.name)
                load = found.get(plugin, Load())
                found[plugin] = replace(load, waiting=load.waiting + one.waiting, in_hand=load.in_hand + one.in_hand)
        for (_, plugin), quantity in (await self._dead()).items():
            load = found.get(plugin, Load())
            found[plugin] = replace(load, dead_letters=load.dead_letters + quantity)
        return found

    async def laden(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Plugins of the kernel's report, each with its load; None for what nobody can tell while the bus is away."""
        try:
            loads = await self.loads()
        except Unavailable:
            return [{**row, **dict.fromkeys(Load.__struct_fields__)} for row in rows]
        return [{**row, **msgspec.structs.asdict(loads.get(row["name"], Load()))} for row in rows]

    async def _standings(self) -> list[Standing]:
        return [one for one in await self._bus().standings() if one.stream in HOMES]

    async def _dead(self) -> Counter[tuple[str, str]]:
        """How many letters are kept, by stream and plugin."""
        found: Counter[tuple[str, str]] = Counter()
        for subject, quantity in (await self._bus().counts(DEAD)).items():
            stream, plugin, _ = subject.split(".", 5)[3:]
            found[stream, plugin] += quantity
        return found

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


def plugin_of(consumer: str) -> str:
    """Whose consumer it is: `plugin-NAME`, `again-NAME`, `task-NAME`, `enrich-NAME`, `hook-NAME`."""
    return consumer.partition("-")[2] or consumer


def _queue(one: Standing, dead: Mapping[tuple[str, str], int], pause: Pause | None) -> Queue:
    plugin = None if one.stream == ITEMS.name else plugin_of(one.name)
    lost = sum(number for (stream, name), number in dead.items() if stream == one.stream and plugin in (None, name))
    return Queue(one.name, one.stream, one.waiting, one.in_hand, one.since, lost, pause)
