"""Consumers that stand still because most of what they took was dead-lettered: kept on the bus, seen by everybody."""

import msgspec
from msgspec import Struct

from amber.bus import PAUSES, Bus, Message, pause_subject
from amber.bus.reading import read_json
from amber.errors import Reject


class Pause(Struct, frozen=True):
    """Why and since when (Unix seconds) a consumer takes nothing: `digest`, `plugin-<name>` or `task-<name>`."""

    consumer: str
    since: float
    reason: str

    @property
    def problem(self) -> str:
        """One sentence for whoever looks after Amber."""
        return f"consumer {self.consumer} is paused: {self.reason}; `amber dead resume {self.consumer}` goes on"


class Pauses:
    """The pauses there are, the same in every process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def all(self) -> list[Pause]:
        """Every consumer that is paused, the longest first. Raises Unavailable."""
        found = [pause for message in await self._bus.browse(PAUSES, 0, 10_000) if (pause := read(message))]
        return sorted(found, key=lambda pause: pause.since)

    async def keep(self, pause: Pause) -> None:
        """Pause a consumer in every worker. Raises Unavailable."""
        await self._bus.publish(pause_subject(pause.consumer), msgspec.json.encode(pause))

    async def resume(self, consumer: str) -> None:
        """Let a consumer go on in every worker. Raises Reject (404) for one that is not paused, Unavailable."""
        if consumer not in {pause.consumer for pause in await self.all()}:
            raise Reject(f"consumer {consumer!r} is not paused", status=404)
        await self._bus.publish(pause_subject(consumer), b"")  # an empty word, because workers hear of no deletion


def read(message: Message) -> Pause | None:
    """The pause a message tells of; None for the end of one, or what somebody else put there."""
    try:
        return read_json(message.data, Pause, "a pause")
    except Reject:
        return None
