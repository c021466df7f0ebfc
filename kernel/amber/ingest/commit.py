"""Natural group commit: submissions that arrive while one publish is under way share the next one."""

import asyncio
import time
import uuid
from collections import deque

from amber.bus import Bus, item_subject
from amber.errors import Reject, Unavailable
from amber.metrics import Metrics
from amber.model import Submission
from amber.wire import frames

FRAME_BYTES = 256 * 1024
"""A frame is closed at this size, so that what a worker holds at once stays small."""
CROWD, LINGER = 12, 0.001
"""After a frame of so many submissions the next one waits so many seconds: those that were just answered send again at
once, and sharing one frame is cheaper for everybody than two that take turns."""


class Lane:
    """The queue in front of one subject; at most one publish is under way at a time."""

    def __init__(self, bus: Bus, subject: str, metrics: Metrics) -> None:
        self._bus, self._subject, self._metrics = bus, subject, metrics
        self._waiting: deque[tuple[bytes, asyncio.Future[None]]] = deque()
        self._flush: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, packed: bytes) -> "asyncio.Future[None]":
        """A future that is done once `packed` is durable."""
        loop = self._loop = self._loop or asyncio.get_running_loop()  # remembered: to ask for it is a system call
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((packed, future))
        if self._flush is None or self._flush.done():
            self._flush = loop.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        while self._waiting:
            parts, futures = self._take()
            started = time.perf_counter()
            try:
                await self._bus.publish(self._subject, frames.join(parts), uuid.uuid4().hex)
            except Unavailable as error:
                _settle(futures, error)
            except Exception as error:  # whatever it is, nobody may be left waiting for an answer
                _settle(futures, Unavailable(f"{type(error).__name__}: {error}"))
            else:
                _settle(futures, None)
                self._metrics.publish_seconds.observe(time.perf_counter() - started)
            if len(parts) >= CROWD:
                await asyncio.sleep(LINGER)

    def _take(self) -> tuple[list[bytes], list["asyncio.Future[None]"]]:
        parts: list[bytes] = []
        futures: list[asyncio.Future[None]] = []
        size = 0
        while self._waiting and (not parts or size + len(self._waiting[0][0]) <= FRAME_BYTES):
            packed, future = self._waiting.popleft()
            parts.append(packed)
            futures.append(future)
            size += len(packed)
        return parts, futures

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        if self._flush is not None:
            await self._flush


def _settle(futures: list["asyncio.Future[None]"], error: Unavailable | None) -> None:
    for future in futures:
        if future.done():  # its request was cancelled
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


class Committer:
    """One lane for each partition."""

    def __init__(self, bus: Bus, partitions: int, metrics: Metrics) -> None:
        self._bus, self._partitions = bus, partitions
        self._lanes = [Lane(bus, item_subject(number, partitions), metrics) for number in range(partitions)]

    @property
    def largest(self) -> int:
        """The largest body, in bytes, that travels on the bus itself."""
        return self._bus.max_payload - 64 * 1024

    async def commit(self, submission: Submission) -> None:
        """Returns once the submission is durable. Raises Unavailable, or Reject for what no message can hold."""
        if not self._bus.is_ready:
            raise Unavailable("the bus is not connected")
        packed = frames.pack(submission)
        if len(packed) > self._bus.max_payload - len(frames.MAGIC):
            raise Reject(f"the request holds too many items: its description alone has {len(packed)} bytes", status=413)
        await self._lanes[submission.project % self._partitions].add(packed)

    async def drain(self) -> None:
        """Wait until everything handed over is durable or refused."""
        for lane in self._lanes:
            await lane.drain()
