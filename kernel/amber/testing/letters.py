"""A bus in memory with dead letters on it, for tests of what shows them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from amber.bus import DEAD, ITEMS, Message
from amber.delivering.delivery import DeadLetters
from amber.kernel import Kernel
from amber.metrics import Metrics
from amber.model import Submission
from amber.poison.pausing import Pause, Pauses
from amber.testing.memorybus import MemoryBus
from amber.testing.stores import NOON
from amber.wire import frames

PAYLOAD = b'{"message": "card 4111 1111 1111 1111"}'


class Morgue:
    """Where a test lays dead letters, and looks what became of them."""

    def __init__(self, kernel: Kernel) -> None:
        self.bus, self._kernel, self._seq = MemoryBus(), kernel, 0

    def lay(self, project: int = 0, plugin: str = "sentry", reason: str = "it broke", **given: Any) -> int:
        """Set a submission of a project aside; one of project 0 cannot be read. The number of the letter."""
        self._seq += 1
        meta = {"categories": ["error"], "event_id": f"{self._seq:032x}", "client": "sentry.python/2.0"}
        made = Submission(f"s{self._seq}", "sentry", "envelope", project, NOON, meta=meta, body=PAYLOAD)
        data = frames.encode([made]) if project else b"broken"
        self.put(data, plugin, reason, **given)
        return self.numbers()[-1]

    def put(self, data: bytes, plugin: str, reason: str, stream: str = ITEMS.name, subject: str = "") -> None:
        """Set anything aside."""
        original = Message(f"{stream}@1", self._seq, subject or "amber.v1.item.3", data, delivered=8)
        asyncio.run(DeadLetters(self.bus, Metrics()).add(stream, plugin, reason, original))

    def numbers(self) -> list[int]:
        """The letters there are."""
        return sorted(self.bus.stored(DEAD))

    def back(self) -> list[str]:
        """The ids of submissions that were handed back."""
        return [one.id for message in self.bus.stored(ITEMS).values() for one in frames.decode(message.data)]

    def pause(self, consumer: str = "digest", reason: str = "12 of 20 were dead-lettered") -> None:
        """A consumer stands still, and every page knows."""
        asyncio.run(self.bus.consume(ITEMS, "digest", [ITEMS.subjects], 30))
        asyncio.run(Pauses(self.bus).keep(Pause(consumer, NOON, reason)))
        asyncio.run(self._kernel.services.kernel["consumers"].all())


@pytest.fixture
def morgue(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Morgue]:
    """Dead letters under a kernel that has no bus otherwise."""
    made = Morgue(kernel)
    monkeypatch.setattr(kernel, "bus", made.bus)
    desk = kernel.services.kernel["consumers"]
    yield made
    desk.paused = ()
