"""The bus over NATS JetStream."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import NO_RESPONDERS_STATUS, Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from amber.bus import STREAMS, Consumer, Glance, Message, Standing, Stream, item_subject
from amber.bus.looking import messages_without_data, standings_of
from amber.config import BusConfig
from amber.errors import Unavailable
from amber.wire import frames

log = logging.getLogger("amber.bus")
FAILURES = (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError)
Callback = Callable[[str, bytes], Awaitable[None]]
LATEST_BYTES = 16 << 20
"""Room for the streams that keep one message of each subject."""
PAUSE = 0.1
"""Seconds between two attempts to connect, or to hear from a server that fell silent."""
SIGN_OF_LIFE = 1.0
"""Seconds within which a server that fell silent must answer to be used again."""


class NatsBus:
    """One connection that reconnects by itself for as long as it takes."""

    def __init__(self, config: BusConfig, publish_timeout: float = 5.0) -> None:
        self._config, self._timeout = config, publish_timeout
        self._client = Client()
        self._js: JetStreamContext = self._client.jetstream(timeout=publish_timeout)
        self._identity: dict[str, str] = {}
        self._last_error: Exception = TimeoutError("no answer")
        self._silence: asyncio.Task[None] | None = None
        self._consumers: list[tuple[Stream, api.ConsumerConfig]] = []
        self.max_payload = 1 << 20

    async def connect(self, attempts: int = 50) -> "NatsBus":
        """Connect and bring the streams up to date. Raises Unavailable after about `attempts` × 0.1 seconds."""
        try:
            # nats-py, told to reconnect for as long as it takes, would take as long for its first connection
            async with asyncio.timeout(attempts * PAUSE):
                while True:
                    if await self._open():
                        return self
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            await self.close()
            raise Unavailable(f"NATS at {self._config.url} does not answer: {self._last_error}") from None

    async def _open(self) -> bool:
        try:
            await self._set_up()
        except FAILURES as error:
            self._remember(error)
            return False
        return True

    def _remember(self, error: Exception) -> None:
        """Keep why it did not work; that the server refused us says more than that it then hung up."""
        if not (isinstance(error, OSError) and "Authorization" in str(self._last_error)):
            self._last_error = error

    async def _set_up(self) -> None:
        if not self._client.is_connected:
            await self._client.connect(
                servers=[self._config.url],
                user=self._config.user or None,
                password=self._config.token if self._config.user else None,
                token=None if self._config.user else self._config.token or None,
                max_reconnect_attempts=-1,
                reconnect_time_wait=PAUSE,  # type: ignore[arg-type]  # annotated int, used as seconds
                connect_timeout=2,
                ping_interval=5,
                max_outstanding_pings=2,
                pending_size=16 << 20,
                error_cb=self._on_error,
                reconnected_cb=self._on_reconnect,
            )
        self.max_payload = self._client.max_payload
        for stream in STREAMS:
            await self._reconcile(stream)

    async def _reconcile(self, stream: Stream) -> None:
        """Make the stream or bring it up to date. Asked first, because two processes that make the same stream at the
        same moment can leave the server with storage reserved twice.
        """
        wanted = self._settings(stream)
        try:
            info = await self._js.stream_info(stream.name)
            if not _is_like(info.config, wanted):
                info = await self._js.update_stream(wanted)
        except nats.js.errors.NotFoundError:
            info = await self._js.add_stream(wanted)
        self._identity[stream.name] = f"{stream.name}@{info.created.timestamp() if info.created else 0:.6f}"

    def _settings(self, stream: Stream) -> api.StreamConfig:
        return api.StreamConfig(
            name=stream.name,
            subjects=[stream.subjects],
            retention=api.RetentionPolicy.WORK_QUEUE if stream.is_queue else api.RetentionPolicy.LIMITS,
            storage=api.StorageType.FILE,
            discard=api.DiscardPolicy.NEW if stream.is_queue else api.DiscardPolicy.OLD,
            max_age=stream.max_age or None,
            max_msgs_per_subject=1 if stream.is_latest else -1,
            max_bytes=LATEST_BYTES if stream.is_latest else self._config.max_bytes,
            duplicate_window=120,
            allow_direct=True,
        )

    async def _on_error(self, error: Exception) -> None:
        self._remember(error)
        log.warning("bus: %s", error or type(error).__name__)

    async def _on_reconnect(self) -> None:
        """The server may have come back with an empty store: make streams and consumers anew where they are missing."""
        try:
            for stream in STREAMS:
                await self._reconcile(stream)
            for stream, config in self._consumers:
                await self._js.add_consumer(stream.name, config)
        except FAILURES as error:  # the next reconnect tries again; until then every use says that it is missing
            log.warning("bus: streams cannot be brought up to date: %s", error)

    @property
    def is_ready(self) -> bool:
        """Whether the connection stands right now and JetStream answered when it was last asked."""
        return self._client.is_connected and not self._is_silent

    @property
    def _is_silent(self) -> bool:
        return self._silence is not None and not self._silence.done()

    async def _until_heard(self) -> None:
        """Publish frames of nothing until one is taken. A server that hangs keeps its connections, and one whose disk
        is full still answers questions: only a write finds out that writes are possible again.
        """
        asking = self._client.jetstream(timeout=SIGN_OF_LIFE)
        while True:
            try:
                await asking.publish(item_subject(0, 1), frames.join(()))
            except FAILURES:
                await asyncio.sleep(PAUSE)
            else:
                return

    def _need_connection(self) -> None:
        """Raises Unavailable; nats-py would hold everything back and let the caller wait for nothing."""
        if not self._client.is_connected:
            raise Unavailable("the bus is not connected")

    async def publish(self, subject: str, data: bytes, id: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Publish and wait until JetStream has it on disk; once that took too long, nobody waits until it answers."""
        self._need_connection()
        if self._is_silent:
            raise Unavailable("the bus has fallen silent")
        extra = dict(headers or {}) | ({"Nats-Msg-Id": id} if id else {})
        try:
            await self._js.publish(subject, data, timeout=self._timeout, headers=extra or None)
        except FAILURES as error:
            if isinstance(error, TimeoutError) and not self._is_silent:
                self._silence = asyncio.create_task(self._until_heard())
            raise Unavailable(f"the bus did not take the message: {error or type(error).__name__}") from error

    async def broadcast(self, subject: str, data: bytes) -> None:
        """Publish without JetStream."""
        self._need_connection()
        try:
            await self._client.publish(subject, data)
        except FAILURES as error:
            raise Unavailable(f"the bus did not take the message: {error}") from error

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        """Ask without JetStream; the server tells at once where nobody listens.

        The answer comes to a subject below the question's, which who is asked may publish to at any time. That a server
        lets answer who was asked would not do: it forgets who was, when it reads its configuration anew.
        """
        self._need_connection()
        try:
            said = await asyncio.wait_for(self._asked(subject, data), seconds)
        except TimeoutError:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        except nats.errors.MaxPayloadError:
            raise ValueError(f"what is asked takes {len(data)} bytes, more than the bus carries") from None
        except FAILURES as error:
            raise Unavailable(f"the bus did not take the question: {error}") from error
        if said.headers and said.headers.get(api.Header.STATUS) == NO_RESPONDERS_STATUS:
            raise Unavailable(f"nobody answers on {subject}")
        return said.data

    async def _asked(self, subject: str, data: bytes) -> Msg:
        place, answer = f"{subject}.{token_hex(8)}", asyncio.get_running_loop().create_future()
        heard = await self._client.subscribe(place, future=answer)
        try:
            await self._client.publish(subject, data, reply=place)
            found: Msg = await answer
        finally:
            await heard.unsubscribe()
        return found

    async def consume(
        self, stream: Stream, name: str, subjects: Sequence[str], ack_wait: float, from_now: bool = False
    ) -> Consumer:
        """Open a durable pull consumer; its settings are brought up to these."""
        self._need_connection()
        config = api.ConsumerConfig(
            durable_name=name,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=-1,
            max_ack_pending=2000,
            filter_subjects=list(subjects),
        )
        try:
            if from_now:
                config.deliver_policy = await self._start_of(stream, name)
            # creates or updates; pull_subscribe would keep old settings
            await self._js.add_consumer(stream.name, config)
            subscription = await self._js.pull_subscribe_bind(consumer=name, stream=stream.name, pending_bytes_limit=-1)
        except FAILURES as error:
            raise Unavailable(f"consumer {name} of {stream.name} cannot be opened: {error}") from error
        self._consumers.append(opened := (stream, config))

        def closed() -> None:
            self._consumers = [one for one in self._consumers if one is not opened]

        return NatsConsumer(self._need_connection, subscription, lambda: self._identity[stream.name], closed)

    async def _start_of(self, stream: Stream, name: str) -> api.DeliverPolicy | None:
        """Where a consumer began, which cannot be changed; for one that is not there yet, with what is new."""
        try:
            known: api.ConsumerInfo = await self._js.consumer_info(stream.name, name)
        except nats.js.errors.NotFoundError:
            return api.DeliverPolicy.NEW
        return known.config.deliver_policy

    async def listen(self, subject: str, callback: Callback) -> None:
        """Subscribe without JetStream: messages sent while the connection is down are missed."""

        async def received(message: Msg) -> None:
            await callback(message.subject, message.data)

        self._need_connection()
        await self._client.subscribe(subject, cb=received)

    async def browse(self, stream: Stream, after: int, limit: int) -> list[Message]:
        """Read by sequence number with direct gets."""
        self._need_connection()
        found: list[Message] = []
        seq = after
        while len(found) < limit:
            try:
                # without a subject the server takes `seq` at its word and stops at the first gap
                raw = await self._js.get_msg(stream.name, seq + 1, stream.subjects, next=True, direct=True)
            except nats.js.errors.NotFoundError:
                break
            except FAILURES as error:
                raise Unavailable(f"{stream.name} cannot be read: {error}") from error
            seq = raw.seq or 0
            found.append(self._stored(stream, raw))
        return found

    async def glance(self, stream: Stream, subjects: Sequence[str], after: int, limit: int) -> Glance:
        """Read headers with a passing consumer."""
        self._need_connection()
        try:
            raws, total, last = await messages_without_data(self._js, stream, subjects, after, limit)
        except FAILURES as error:
            raise Unavailable(f"{stream.name} cannot be read: {error}") from error
        return Glance([self._passed(stream, raw) for raw in raws], total, last)

    def _passed(self, stream: Stream, raw: Msg) -> Message:
        meta, identity = raw.metadata, self._identity[stream.name]
        at = meta.timestamp.timestamp()
        return Message(identity, meta.sequence.stream, raw.subject, b"", own(raw.headers), delivered=0, at=at)

    async def counts(self, stream: Stream) -> Mapping[str, int]:
        """Ask the server, which keeps these numbers."""
        self._need_connection()
        try:
            info = await self._js.stream_info(stream.name, subjects_filter=stream.subjects)
        except FAILURES as error:
            raise Unavailable(f"{stream.name} cannot be counted: {error}") from error
        return info.state.subjects or {}

    async def standings(self) -> list[Standing]:
        """Ask the server about the consumers of each stream."""
        self._need_connection()
        try:
            return [one for stream in STREAMS for one in await standings_of(self._js, stream)]
        except FAILURES as error:
            raise Unavailable(f"the consumers cannot be asked: {error}") from error

    def _stored(self, stream: Stream, raw: api.RawStreamMsg) -> Message:
        at = raw.time.timestamp() if raw.time else 0.0
        return Message(
            self._identity[stream.name],
            raw.seq or 0,
            raw.subject or "",
            raw.data or b"",
            own(raw.headers),
            delivered=0,
            at=at,
        )

    async def delete(self, stream: Stream, seq: int) -> bool:
        """Delete one message of a stream."""
        self._need_connection()
        try:
            return bool(await self._js.delete_msg(stream.name, seq))
        except (nats.js.errors.NotFoundError, nats.js.errors.ServerError, nats.js.errors.BadRequestError):
            return False
        except FAILURES as error:
            raise Unavailable(f"{stream.name} cannot be changed: {error}") from error

    async def clear(self, stream: Stream, subject: str) -> None:
        """Have the server purge a subject."""
        self._need_connection()
        try:
            await self._js.purge_stream(stream.name, subject=subject)
        except FAILURES as error:
            raise Unavailable(f"{stream.name} cannot be changed: {error}") from error

    async def forget(self, stream: Stream, consumer: str) -> None:
        """Have the server delete a consumer."""
        self._need_connection()
        try:
            await self._js.delete_consumer(stream.name, consumer)
        except nats.js.errors.NotFoundError:
            return
        except FAILURES as error:
            raise Unavailable(f"consumer {consumer} of {stream.name} cannot be deleted: {error}") from error

    async def close(self) -> None:
        """Drain and close; a server that is already gone is no error."""
        if self._silence is not None:
            self._silence.cancel()
        # nats-py raises CancelledError out of close() when the server died before it (engines.md 1)
        with contextlib.suppress(asyncio.CancelledError, *FAILURES):
            await asyncio.shield(self._client.close())


def own(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The headers a message was published with, without those NATS adds."""
    return {name: value for name, value in (headers or {}).items() if not name.startswith("Nats-")}


class NatsConsumer:
    """A bound pull subscription."""

    def __init__(
        self,
        need_connection: Callable[[], None],
        subscription: Any,
        identity: Callable[[], str],
        closed: Callable[[], None],
    ) -> None:
        self._need_connection, self._subscription, self._identity = need_connection, subscription, identity
        self._closed = closed
        self._open: dict[int, Msg] = {}

    async def fetch(self, limit: int, wait: float) -> list[Message]:
        """The next messages; an empty list when none came in time."""
        try:
            messages: list[Msg] = await self._subscription.fetch(limit, timeout=wait)
        except TimeoutError:
            return []
        except FAILURES as error:
            raise Unavailable(f"nothing can be fetched: {error or type(error).__name__}") from error
        return [self._message(raw) for raw in messages]

    def _message(self, raw: Msg) -> Message:
        meta = raw.metadata
        seq = meta.sequence.stream
        self._open[seq] = raw
        return Message(
            self._identity(),
            seq,
            raw.subject,
            raw.data,
            own(raw.headers),
            meta.num_delivered,
            meta.timestamp.timestamp(),
        )

    async def ack(self, message: Message) -> None:
        """Acknowledge; a lost acknowledgement means a redelivery, which is harmless."""
        await self._answer(message, lambda raw: raw.ack())

    async def nak(self, message: Message, delay: float) -> None:
        """Ask for another delivery."""
        await self._answer(message, lambda raw: raw.nak(delay=delay))

    async def progress(self, message: Message) -> None:
        """Tell the server that the work goes on."""
        raw = self._open.get(message.seq)
        if raw is not None:
            with contextlib.suppress(*FAILURES):
                await raw.in_progress()

    async def _answer(self, message: Message, answer: Callable[[Msg], Awaitable[None]]) -> None:
        raw = self._open.pop(message.seq, None)
        if raw is not None:
            with contextlib.suppress(*FAILURES):  # the message comes again; whoever handles it must bear that anyway
                await answer(raw)

    async def waiting(self) -> int:
        """Pending and unacknowledged messages, from the server."""
        self._need_connection()
        try:
            info = await self._subscription.consumer_info()
        except FAILURES as error:
            raise Unavailable(f"the consumer cannot be asked: {error}") from error
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

    async def close(self) -> None:
        """Unsubscribe; a server that comes back with an empty store is not asked for this consumer any more."""
        self._closed()
        with contextlib.suppress(*FAILURES):
            await self._subscription.unsubscribe()


def _is_like(found: api.StreamConfig, wanted: api.StreamConfig) -> bool:
    """Whether a stream already has the settings we care for."""
    names = ("subjects", "retention", "discard", "max_bytes", "duplicate_window", "allow_direct")
    same = all(getattr(found, name) == getattr(wanted, name) for name in names)
    return same and (found.max_age or 0) == (wanted.max_age or 0)
