"""A worker's line to the bus: whatever goes over it takes a moment, and nothing does after the worker's death."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from amber.bus import Message
from amber.testing.memorybus import MemoryBus

MOMENT = 0.02
"""Seconds there, and as many back."""


class Line:
    """The bus as one worker has it.

    `on_asked` hears how many messages are asked for, `on_taken` of each that comes, and whether it was in hand already.

    `held` are the messages in hand, and whether they are under way: whoever handles them says so.
    """

    def __init__(
        self, bus: MemoryBus, on_asked: Callable[[int], None], on_taken: Callable[[Message, bool], None]
    ) -> None:
        self._bus, self.on_asked, self._on_taken = bus, on_asked, on_taken
        self._is_cut = False
        self.held: dict[bytes, bool] = {}

    def cut(self) -> list[bytes]:
        """The worker dies; what it had in hand."""
        self._is_cut = True
        return list(self.held)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._bus, name)
        return self._over(found) if inspect.iscoroutinefunction(found) else found

    async def consume(self, *given: Any) -> "HandOver":
        """A consumer over this line."""
        return HandOver(self, await self._over(self._bus.consume)(*given))

    def _over(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def there_and_back(*given: Any) -> Any:
            await self.pass_moment()
            answer = await call(*given)
            await self.pass_moment()
            return answer

        return there_and_back

    async def pass_moment(self) -> None:
        """Be under way."""
        await asyncio.sleep(MOMENT)
        if self._is_cut:
            raise asyncio.CancelledError

    def take(self, message: Message) -> None:
        """A message has come."""
        self._on_taken(message, message.data in self.held)
        self.held[message.data] = False

    @property
    def is_up(self) -> bool:
        """Whether anything arrives."""
        return self._bus.is_up


class HandOver:
    """A consumer over a line: acknowledgements are lost while the bus is away, as with NATS."""

    def __init__(self, line: Line, consumer: Any) -> None:
        self._line, self._consumer = line, consumer

    def fetch(self, limit: int, wait: float) -> Coroutine[Any, Any, list[Message]]:
        """Messages; on their way to a worker that dies they are in nobody's hand, and come again."""
        self._line.on_asked(limit)  # now, not when the loop gets to it
        return self._fetch(limit, wait)

    async def _fetch(self, limit: int, wait: float) -> list[Message]:
        await self._line.pass_moment()
        found: list[Message] = await self._consumer.fetch(limit, wait)
        for message in found:
            self._line.take(message)
        return found

    async def ack(self, message: Message) -> None:
        """Done with it."""
        await self._settle(message, self._consumer.ack, message)

    async def nak(self, message: Message, delay: float) -> None:
        """Due again after the delay."""
        await self._settle(message, self._consumer.nak, message, delay)

    async def _settle(self, message: Message, answer: Any, *given: Any) -> None:
        await self._line.pass_moment()
        self._line.held.pop(message.data, None)
        if self._line.is_up:
            await answer(*given)

    async def progress(self, message: Message) -> None:
        """Still at it."""
        if self._line.is_up:
            await self._consumer.progress(message)

    async def close(self) -> None:
        """The position stays."""
