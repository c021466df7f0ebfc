"""A request's body and sender: read within bounds, believed within reason."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, cast

from amber.errors import Reject, Unavailable

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
BODY_SECONDS = 60.0
"""How long a client may take to send its body."""


class Memory:
    """The bytes that all requests of a process may hold together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def reserve(self, size: int) -> None:
        """Count bytes as held. Raises Unavailable when there is no room left."""
        if self.used + size > self._limit:
            raise Unavailable(f"request bodies already hold {self.used} of {self._limit} bytes")
        self.used += size

    def release(self, size: int) -> None:
        """Count bytes as free again."""
        self.used -= size


class Held:
    """The bytes one request holds of the memory all requests share."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self._size = memory, 0

    def grow(self, size: int) -> None:
        """Hold more. Raises Unavailable."""
        self._memory.reserve(size)
        self._size += size

    def release(self) -> None:
        """Let go of all of it."""
        self._memory.release(self._size)
        self._size = 0


class Patience:
    """How long clients may take, for all of them with one timer: one each costs as much as reading what they sent.

    For one event loop. `begin` and `end` stand around what may take long; a task that is at it for more than `seconds`
    is cancelled, and `is_over` tells it that this was why.
    """

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        self.seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._since: dict[asyncio.Task[Any], float] = {}
        self._over: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> "asyncio.Task[Any]":
        """Measure the current task from now on."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        task = cast("asyncio.Task[Any]", asyncio.current_task(loop))  # without a task nobody could wait
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._look, loop)
        return task

    def end(self, task: "asyncio.Task[Any]") -> None:
        """Measure it no longer."""
        del self._since[task]
        self._over.discard(task)

    def is_over(self, task: "asyncio.Task[Any]") -> bool:
        """Whether a task that was cancelled was so for its slowness alone."""
        return task in self._over and task.uncancel() == 0

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        for task, since in self._since.items():  # the one that began first comes first
            if since + self.seconds > loop.time():
                self._timer = loop.call_at(since + self.seconds, self._look, loop)
                return
            if task not in self._over:
                self._over.add(task)
                task.cancel()


async def read_body(receive: Receive, limit: int, held: Held, patience: Patience) -> bytes:
    """The whole body. Raises Reject with 413 as soon as it is known to be too large, 408 when it takes too long."""
    task = patience.begin()
    try:
        return await _chunks(receive, limit, held)
    except asyncio.CancelledError:
        if not patience.is_over(task):
            raise
        raise Reject(f"the body did not arrive within {patience.seconds:.0f} s", status=408) from None
    finally:
        patience.end(task)


async def _chunks(receive: Receive, limit: int, held: Held) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Reject("the client went away before the body was complete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Reject(f"the body has more than {limit} bytes", status=413)
        held.grow(len(chunk))
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def client_ip(peer: str, headers: Mapping[str, str], proxies: Sequence[Any]) -> str:
    """The peer, or the client a trusted proxy speaks for: the last address in its chain that is no proxy of ours."""
    chain = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    while chain and _is_in(peer, proxies):
        peer = chain.pop()
    return peer


def _is_in(address: str, networks: Sequence[Any]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
