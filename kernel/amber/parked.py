"""Bodies too large for the bus: they lie in the blob store, and the message that stands for them names them.

One that no message names any more is swept: its letter went by age, its commit failed, or somebody died between two
steps.
"""

import asyncio
from collections.abc import Callable, Iterable

from amber.bus import DEAD, ITEMS, Bus, dead_subject
from amber.errors import Reject, Unavailable
from amber.model import BlobStore
from amber.poison.letters import read_letter
from amber.wire import frames

FOLDER = "bodies/"
MARGIN = 24 * 3600.0
"""Seconds by which clocks may differ, and by which a body may be older than the message on the bus that names it."""
PAGE = 1000
LETTERS = [dead_subject(ITEMS.name, "*", "*"), dead_subject(ITEMS.name, "*", "*").removesuffix(".*")]


def key_of(project: int, submission: str) -> str:
    """Where the body of a submission is parked."""
    return f"{FOLDER}{project}/{submission}"


def named_by(data: bytes) -> list[str]:
    """The keys of the bodies that a frame names."""
    try:
        return [one.blob for one in frames.decode(data) if one.blob]
    except Reject:
        return []


async def renew(keys: Iterable[str], blobs: BlobStore) -> None:
    """Make bodies young again, because a new message is about to name them. Raises Unavailable."""
    for key in keys:
        body = await asyncio.to_thread(blobs.get, key)
        if body is not None:
            await asyncio.to_thread(blobs.put, key, body)


class ParkedBodies:
    """What plugins reach as `ctx.kernel("parked_bodies")`."""

    def __init__(self, bus: Callable[[], Bus | None], blobs: Callable[[], BlobStore]) -> None:
        self._bus_now, self._blobs = bus, blobs

    async def sweep(self, now: float) -> int:
        """Delete what is so old that nothing on the bus can name it; how many that were. Raises Unavailable.

        What waits, however long, and what lies dead is never older than its body by more than the margin.
        """
        if not await self._older(now - MARGIN):
            return 0
        # In this order: what dies meanwhile was seen waiting, and what is handed back meanwhile has its body renewed.
        oldest = min(await self._oldest_waiting(now), await self._oldest_dead(now))
        unnamed = await self._older(oldest - MARGIN)
        for key in unnamed:
            await asyncio.to_thread(self._blobs().delete, key)
        return len(unnamed)

    async def _older(self, than: float) -> list[str]:
        return await asyncio.to_thread(lambda: list(self._blobs().keys(FOLDER, than)))

    async def _oldest_waiting(self, now: float) -> float:
        """When the oldest item that is not done was published."""
        return min((message.at for message in await self._bus().browse(ITEMS, 0, 1)), default=now)

    async def _oldest_dead(self, now: float) -> float:
        """When the oldest submission among the dead letters was received."""
        oldest, after = now, 0
        while found := (await self._bus().glance(DEAD, LETTERS, after, PAGE)).messages:
            letters = map(read_letter, found)
            oldest = min(oldest, *(letter.received_at or letter.first_at for letter in letters))
            after = found[-1].seq
        return oldest

    def _bus(self) -> Bus:
        bus = self._bus_now()
        if bus is None:
            raise Unavailable("this process has no bus, which knows what bodies are named")
        return bus
