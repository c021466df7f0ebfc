"""The consumer loop: fetch, handle, then acknowledge, ask again or set aside."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from amber.bus import Bus, Consumer, Message, Stream, dead_subject
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.metrics import Metrics
from amber.poison.gates import Gate
from amber.poison.letters import about, headers_of
from amber.poison.suspects import Guilty, Suspect, Suspects, Walk

log = logging.getLogger("amber.delivery")
Verdict = Exception | None
"""None: done. Retry: again, after its delay. Reject: set aside. Unavailable: again as soon as what is away is back,
without being given back meanwhile, so that an outage is no try that failed. Anything else: again with back-off, then
set aside."""
Handle = Callable[[Sequence[Message]], Awaitable[Sequence[Verdict]]]
Stroll = Callable[[Message, Walk], Awaitable[Verdict]]
Bury = Callable[[Message, Exception], Awaitable[None]]
Mark = Callable[[Message, Exception], Message]
FIRST_DELAY, LONGEST_DELAY = 0.5, 60.0
LONGEST_HOLD = 5.0
"""Seconds between two tries while something Amber stands on is away."""
PEEK = 0.2
"""Seconds between two looks at whether a paused consumer may go on."""
LARGEST_BATCH = 2 << 20
"""Bytes of messages handled at once: in memory they become five to ten times as much."""
LONGEST_RETRY = 24 * 3600.0


class Terms(Struct, frozen=True):
    """How one consumer is served. `plugin` is named in dead letters; `wait` and `ack_wait` are in seconds."""

    stream: Stream
    plugin: str
    batch: int = 1
    attempts: int = 8
    wait: float = 1.0
    ack_wait: float = 30.0

    @property
    def owner(self) -> str:
        """What tells whose messages of a stream these are; one fact goes to several plugins."""
        return f"{self.stream.name}-{self.plugin}"


class DeadLetters:
    """Where originals are kept that could not be handled, with the reason."""

    def __init__(self, bus: Bus, metrics: Metrics) -> None:
        self._bus, self._metrics = bus, metrics

    async def add(self, stream: str, plugin: str, reason: str, original: Message) -> None:
        """Keep an original. Repeating it within two minutes keeps it once. Raises Unavailable."""
        told = about(stream, original.data)
        headers = headers_of(stream, plugin, reason, original, told)
        identity = f"dead-{plugin}-{original.stream}-{original.seq}-{hash_of(original.data)}"
        await self._bus.publish(dead_subject(stream, plugin, told.project), original.data, identity, headers)
        self._metrics.dead.labels(stream, plugin).inc()
        log.error("dead letter: %s %s of plugin %s: %s", stream, original.seq, plugin, reason)


def hash_of(data: bytes) -> str:
    """A short digest that tells originals of one message apart."""
    return blake2b(data, digest_size=8).hexdigest()


class Delivery:
    """Runs a handler over a consumer until it is told to stop; what is in hand is finished first."""

    def __init__(self, consumer: Consumer, handle: Handle, terms: Terms, dead: DeadLetters) -> None:
        self._consumer, self._handle, self._terms, self._dead = consumer, handle, terms, dead
        self._stopping = asyncio.Event()
        self._suspects: Suspects | None = None
        self._gate: Gate | None = None
        self._is_counting = True
        self._key = 0
        self.walk: Stroll = self._try_once
        self.on_dead: Bury = _no_account
        self.mark: Mark = _as_it_came

    def watch(self, suspects: Suspects) -> None:
        """Take those alone that were in hand when a worker died."""
        self._suspects, self._key = suspects, suspects.journal.key()

    def heed(self, gate: Gate, *, is_counting: bool = True) -> None:
        """Fetch only what the gate lets through; `is_counting` unless the handler tells it itself how things end."""
        self._gate, self._is_counting = gate, is_counting

    def stop(self) -> None:
        """Finish what is in hand and return from `run`."""
        self._stopping.set()

    async def release(self) -> None:
        """Let go of the consumer; its position is kept."""
        await self._consumer.close()

    async def run(self) -> None:
        """Serve the consumer until `stop`."""
        while not self._stopping.is_set():
            try:
                if self._gate is not None and self._gate.pause is not None:
                    await self._probe(self._gate)
                else:
                    await self._take(self._terms.batch)
            except Unavailable as error:
                log.warning("%s: %s; trying again", self._terms.plugin, error)
                await self._stops_within(FIRST_DELAY)

    async def _take(self, most: int) -> None:
        if messages := await self._fetch(most):
            await self.serve(messages)

    async def _probe(self, gate: Gate) -> None:
        """While the consumer is paused: take one message whenever it is time."""
        if not await gate.begin_probe():
            await self._stops_within(PEEK)
            return
        try:
            await self._take(1)
        finally:
            await gate.end_probe()

    async def _stops_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _fetch(self, most: int) -> list[Message]:
        """The next messages; gives up as soon as `stop` is called."""
        fetch = asyncio.ensure_future(self._consumer.fetch(most, self._terms.wait))
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((fetch, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if fetch.done():
            return fetch.result()
        fetch.cancel()
        with contextlib.suppress(asyncio.CancelledError, Unavailable):
            return await fetch
        return []

    async def serve(self, messages: Sequence[Message]) -> None:
        """Handle some messages and settle each."""
        beat = asyncio.create_task(self._keep_alive(messages))
        try:
            await self._handle_all(messages)
        finally:
            beat.cancel()

    async def _handle_all(self, messages: Sequence[Message]) -> None:
        suspects = self._suspects
        if suspects is None:
            return await self._until_settled(messages, self._judge)
        found = {message.seq: suspect for message in messages if (suspect := suspects.find(self._terms.owner, message))}
        for group in groups([message for message in messages if message.seq not in found], self._terms.batch):
            async with suspects.among(self._key, self._terms.owner, group):
                await self._until_settled(group, self._judge)
        for message in messages:
            if message.seq in found:
                await self._take_alone(message, found[message.seq], suspects)

    async def _take_alone(self, message: Message, suspect: Suspect, suspects: Suspects) -> None:
        """Handle a suspect with nothing else in hand. Outliving it clears it of suspicion."""
        log.warning(
            "%s: message %d was in hand when a worker died, and is taken alone", self._terms.plugin, message.seq
        )
        async with suspects.alone(self._key, suspect) as walk:

            async def judge(_: Sequence[Message]) -> Sequence[Verdict]:
                return [await self._walk(message, walk)]

            await self._until_settled([message], judge)
        with contextlib.suppress(Unavailable):  # it would be taken alone once more, and no harm done
            await suspects.clear(suspect)

    async def _walk(self, message: Message, walk: Walk) -> Verdict:
        try:
            return await self.walk(message, walk)
        except Exception as error:  # settled by the same rules as any other failure
            return error

    async def _try_once(self, message: Message, walk: Walk) -> Verdict:
        return walk.enter("") or (await self._judge([message]))[0]

    async def _until_settled(self, messages: Sequence[Message], judge: Handle) -> None:
        """Handle messages until each has a verdict; those that wait for something that is away stay in hand."""
        pause = FIRST_DELAY
        while messages:
            verdicts = await judge(messages)
            for message, verdict in zip(messages, verdicts, strict=True):
                if not isinstance(verdict, Unavailable):
                    await self._settle(message, verdict)
            away = next((verdict for verdict in verdicts if isinstance(verdict, Unavailable)), None)
            messages = [m for m, verdict in zip(messages, verdicts, strict=True) if isinstance(verdict, Unavailable)]
            if away is not None:
                log.warning("%s: %s; trying again", self._terms.plugin, away)
                messages = await self._hold(messages, pause)
            pause = min(LONGEST_HOLD, pause * 2)

    async def _hold(self, messages: Sequence[Message], pause: float) -> Sequence[Message]:
        """Wait, then the same messages again; given back, none, where the end comes first."""
        if not await self._stops_within(pause):
            return messages
        for message in messages:
            await self._consumer.nak(message, 0.0)
        return ()

    async def _judge(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        try:
            return await self._handle(messages)
        except Exception as error:  # every message of the batch is settled by the same rules as a single failure
            return [error] * len(messages)

    async def _settle(self, message: Message, verdict: Verdict) -> None:
        if verdict is None:
            await self._consumer.ack(message)
            self._count(0, 1)
        elif isinstance(verdict, Retry) and (after := asked_for(verdict)) is not None:
            await self._consumer.nak(message, after)
        elif isinstance(verdict, Reject | Guilty) or message.delivered >= self._terms.attempts:
            await self._set_aside(message, verdict)
        else:
            log.warning("%s: delivery %d failed: %r", self._terms.plugin, message.delivered, verdict)
            await self._consumer.nak(message, delay(message.delivered))

    async def _set_aside(self, message: Message, verdict: Exception) -> None:
        """Keep a message among the dead letters, however long that takes: it must not be tried again meanwhile."""
        guilty = verdict.plugin if isinstance(verdict, PluginError) else self._terms.plugin
        original, pause = self.mark(message, verdict), FIRST_DELAY
        while True:
            try:
                await self._dead.add(self._terms.stream.name, guilty, str(verdict), original)
                await self.on_dead(message, verdict)
            except Unavailable as error:
                log.warning("%s: a dead letter cannot be kept: %s; trying again", self._terms.plugin, error)
            else:
                await self._consumer.ack(message)
                return self._count(1, 0, str(verdict))
            if await self._stops_within(pause):
                return await self._consumer.nak(message, 0.0)
            pause = min(LONGEST_HOLD, pause * 2)

    def _count(self, dead: int, done: int, reason: str = "") -> None:
        if self._gate is not None and self._is_counting:
            self._gate.count(dead, done, reason)

    async def _keep_alive(self, messages: Sequence[Message]) -> None:
        while True:
            await asyncio.sleep(self._terms.ack_wait / 3)
            for message in messages:
                await self._consumer.progress(message)


async def _no_account(message: Message, verdict: Exception) -> None:
    """Nobody keeps account of what is set aside."""


def _as_it_came(message: Message, verdict: Exception) -> Message:
    """The message as it stays on record: nobody notes on it how it was counted."""
    return message


def groups(messages: Sequence[Message], most: int) -> list[list[Message]]:
    """Messages in the batches they are handled in, none of more than `LARGEST_BATCH` bytes unless of one message.

    Those that came before stand in halves, quarters and so on of what a batch may hold, so that what no worker has
    lived to tell of comes to stand alone.
    """
    found: dict[int, list[list[Message]]] = {}
    sizes: dict[int, int] = {}
    for message in messages:
        room = max(1, most >> (message.delivered - 1))
        batches = found.setdefault(room, [[]])
        size = sizes[room] = sizes.get(room, 0) + len(message.data)
        if len(batches[-1]) >= room or (size > LARGEST_BATCH and batches[-1]):
            batches.append([])
            sizes[room] = len(message.data)
        batches[-1].append(message)
    return [batch for room in sorted(found, reverse=True) for batch in found[room]]


def delay(delivered: int) -> float:
    """Seconds before the next delivery: doubling from half a second to a minute."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (delivered - 1))


def asked_for(verdict: Retry) -> float | None:
    """The delay a plugin asks for, at most a day; None if it names none that can be waited for."""
    if verdict.after is None:
        return None
    try:
        after = float(verdict.after)  # plugins hand on Retry-After headers, which are text and may hold anything
    except (TypeError, ValueError):
        return None
    return None if math.isnan(after) else min(LONGEST_RETRY, max(0.0, after))


async def each(messages: Sequence[Message], handle: Callable[[Message], Awaitable[Any]]) -> list[Verdict]:
    """Handle messages one by one, each with its own verdict."""
    verdicts: list[Verdict] = []
    for message in messages:
        try:
            await handle(message)
            verdicts.append(None)
        except Exception as error:  # the verdict carries it; Delivery decides what it means
            verdicts.append(error)
    return verdicts
