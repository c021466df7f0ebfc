"""The bus in one process's memory: NATS's twin for unit tests, held to the same contract."""

import asyncio
import itertools
import logging
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec.structs import replace

from amber.bus import STREAMS, Consumer, Glance, Message, Standing, Stream
from amber.errors import Unavailable

log = logging.getLogger("amber.bus")
Callback = Callable[[str, bytes], Awaitable[None]]


def matches(pattern: str, subject: str) -> bool:
    """NATS's subject matching: `*` is one token, a final `>` is all that follow."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        is_long_enough = len(given) >= len(wanted)
        wanted.pop()
    else:
        is_long_enough = len(given) == len(wanted)
    return is_long_enough and all(one in ("*", token) for one, token in zip(wanted, given, strict=False))


class MemoryBus:
    """Keeps streams as lists. `is_up` and `capacity` (messages a stream) let tests take it down or fill it."""

    def __init__(self, capacity: int = 1_000_000) -> None:
        self.max_payload = 8 << 20
        self.capacity = capacity
        self.is_up = True
        self._birth = uuid.uuid4().hex[:8]
        self._seq = {stream.name: itertools.count(1) for stream in STREAMS}
        self._last = dict.fromkeys(self._seq, 0)
        self._stored: dict[str, dict[int, Message]] = {stream.name: {} for stream in STREAMS}
        self._ids: set[tuple[str, str]] = set()
        self._consumers: dict[tuple[str, str], MemoryConsumer] = {}
        self._listeners: list[tuple[str, Callback]] = []

    @property
    def is_ready(self) -> bool:
        """Whether it is up."""
        return self.is_up

    async def publish(self, subject: str, data: bytes, id: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Store the message and wake whoever waits for it."""
        stream = next((s for s in STREAMS if matches(s.subjects, subject)), None)
        if not self.is_up or stream is None or len(data) > self.max_payload:
            raise Unavailable("the bus did not take the message")
        if id and (stream.name, id) in self._ids:
            return
        stored = self._stored[stream.name]
        if stream.is_queue and len(stored) >= self.capacity:
            raise Unavailable("the bus is full")
        self._ids.add((stream.name, id))
        seq = self._last[stream.name] = next(self._seq[stream.name])
        if stream.is_latest:
            for old in [known for known, message in stored.items() if message.subject == subject]:
                del stored[old]
        stored[seq] = Message(
            f"{stream.name}@{self._birth}", seq, subject, data, dict(headers or {}), delivered=0, at=time.time()
        )
        for (name, _), consumer in self._consumers.items():
            if name == stream.name:
                consumer.wake()
        await self._tell(subject, data)

    async def broadcast(self, subject: str, data: bytes) -> None:
        """Tell the listeners."""
        self.need_up()
        await self._tell(subject, data)

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        """There is nobody here who could answer."""
        self.need_up()
        raise Unavailable(f"nobody answers on {subject}")

    def need_up(self) -> None:
        """Raises Unavailable while a test has taken the bus down."""
        if not self.is_up:
            raise Unavailable("the bus is down")

    async def _tell(self, subject: str, data: bytes) -> None:
        for pattern, callback in list(self._listeners):
            if matches(pattern, subject):
                try:
                    await callback(subject, data)
                except Exception:  # a listener's fault is not the publisher's: NATS would not even tell it
                    log.exception("a listener to %s failed", pattern)

    async def consume(
        self, stream: Stream, name: str, subjects: Sequence[str], ack_wait: float, from_now: bool = False
    ) -> Consumer:
        """Open a consumer; opening it again under its name shares it."""
        self.need_up()
        made = MemoryConsumer(self, stream, self._last[stream.name] if from_now else 0)
        consumer = self._consumers.setdefault((stream.name, name), made)
        consumer.subjects, consumer.ack_wait = tuple(subjects), ack_wait
        return consumer

    async def listen(self, subject: str, callback: Callback) -> None:
        """Remember the callback."""
        self.need_up()
        self._listeners.append((subject, callback))

    async def browse(self, stream: Stream, after: int, limit: int) -> list[Message]:
        """Messages above a sequence number."""
        self.need_up()
        return [m for seq, m in sorted(self._stored[stream.name].items()) if seq > after][:limit]

    async def glance(self, stream: Stream, subjects: Sequence[str], after: int, limit: int) -> Glance:
        """Messages above a sequence number without their data."""
        every = [
            replace(message, data=b"")
            for message in await self.browse(stream, 0, self.capacity)
            if any(matches(subject, message.subject) for subject in subjects)
        ]
        wanted = [message for message in every if message.seq > after]
        return Glance(wanted[:limit], len(every), self._last[stream.name])

    async def counts(self, stream: Stream) -> Mapping[str, int]:
        """Counted anew each time."""
        self.need_up()
        return Counter(message.subject for message in self._stored[stream.name].values())

    async def standings(self) -> list[Standing]:
        """Every consumer's."""
        self.need_up()
        return [consumer.standing(*key) for key, consumer in sorted(self._consumers.items())]

    async def delete(self, stream: Stream, seq: int) -> bool:
        """Take a message out."""
        self.need_up()
        return self._stored[stream.name].pop(seq, None) is not None

    async def clear(self, stream: Stream, subject: str) -> None:
        """Take messages out."""
        self.need_up()
        kept = self._stored[stream.name].items()
        self._stored[stream.name] = {seq: one for seq, one in kept if not matches(subject, one.subject)}

    async def forget(self, stream: Stream, consumer: str) -> None:
        """Its place is gone."""
        self.need_up()
        self._consumers.pop((stream.name, consumer), None)

    async def close(self) -> None:
        """Nothing is pending in memory."""

    def forget_ids(self) -> None:
        """Two minutes have gone by: what was published once may be published again under the same id."""
        self._ids.clear()

    def stored(self, stream: Stream) -> dict[int, Message]:
        """The messages of a stream by sequence number."""
        return self._stored[stream.name]


class MemoryConsumer:
    """A reading position with redelivery."""

    def __init__(self, bus: MemoryBus, stream: Stream, after: int = 0) -> None:
        self._bus, self._stream, self._after = bus, stream, after
        self.subjects: tuple[str, ...] = ()
        self.ack_wait = 30.0
        self._done: set[int] = set()
        self._due: dict[int, float] = {}
        self._count: dict[int, int] = {}
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be something to fetch."""
        self._news.set()

    async def fetch(self, limit: int, wait: float) -> list[Message]:
        """Messages that are due, waiting for the first of them."""
        deadline = time.monotonic() + wait
        while True:
            self._bus.need_up()
            if found := self._ready(limit):
                return found
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return []
            self._news.clear()
            soonest = min((due - time.monotonic() for due in self._pending()), default=remaining)
            try:
                await asyncio.wait_for(self._news.wait(), max(0.001, min(remaining, soonest)))
            except TimeoutError:
                continue

    def _pending(self) -> list[float]:
        """When messages that are still there are due."""
        there = self._bus.stored(self._stream).keys() - self._done
        return [due for seq, due in self._due.items() if seq in there]

    def _ready(self, limit: int) -> list[Message]:
        now = time.monotonic()
        found: list[Message] = []
        for seq, message in sorted(self._bus.stored(self._stream).items()):
            if seq <= self._after or seq in self._done or self._due.get(seq, 0) > now or len(found) >= limit:
                continue
            if any(matches(subject, message.subject) for subject in self.subjects):
                self._due[seq] = now + self.ack_wait
                self._count[seq] = self._count.get(seq, 0) + 1
                found.append(replace(message, delivered=self._count[seq]))
        return found

    async def ack(self, message: Message) -> None:
        """Done with it."""
        self._done.add(message.seq)
        self._due.pop(message.seq, None)
        if self._stream.is_queue:
            self._bus.stored(self._stream).pop(message.seq, None)

    async def nak(self, message: Message, delay: float) -> None:
        """Due again after the delay."""
        self._due[message.seq] = time.monotonic() + delay
        self.wake()

    async def progress(self, message: Message) -> None:
        """Push the due time on."""
        self._due[message.seq] = time.monotonic() + self.ack_wait

    async def waiting(self) -> int:
        """What has not been acknowledged."""
        self._bus.need_up()
        return len(self._undone())

    def standing(self, stream: str, name: str) -> Standing:
        """How far it is."""
        undone = self._undone()
        in_hand = sum(message.seq in self._due for message in undone)
        since = min((message.at for message in undone), default=0.0)
        return Standing(stream, name, len(undone) - in_hand, in_hand, since)

    def _undone(self) -> list[Message]:
        stored = self._bus.stored(self._stream).items()
        open_ones = [message for seq, message in stored if seq > self._after and seq not in self._done]
        return [message for message in open_ones if any(matches(s, message.subject) for s in self.subjects)]

    async def close(self) -> None:
        """The position stays."""
