"""What JetStream tells of streams and consumers to somebody who only looks."""

import contextlib
from collections.abc import Sequence

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from amber.bus import Standing, Stream

CHUNK = 1000
"""Messages asked for at once."""
PATIENCE = 2.0
"""Seconds to wait for a message that was just counted; another process may have taken it out meanwhile."""


async def messages_without_data(
    js: JetStreamContext, stream: Stream, subjects: Sequence[str], after: int, limit: int
) -> tuple[list[Msg], int, int]:
    """Up to `limit` messages of these subjects above `after`, how many of the subjects there are in all, and the last
    sequence number of the stream.
    """
    last = (await js.stream_info(stream.name)).state.last_seq
    total = await _count(js, stream, subjects)
    found = await _read(js, stream, subjects, after, min(limit, total)) if total and limit and after < last else []
    return found, total, last


async def _count(js: JetStreamContext, stream: Stream, subjects: Sequence[str]) -> int:
    made = await js.add_consumer(stream.name, _passing(subjects, 0))
    await _forget(js, stream, made.name)
    return int(made.num_pending or 0)


async def _read(js: JetStreamContext, stream: Stream, subjects: Sequence[str], after: int, limit: int) -> list[Msg]:
    made = await js.add_consumer(stream.name, _passing(subjects, after))
    wanted = min(limit, int(made.num_pending or 0))
    subscription = await js.pull_subscribe_bind(consumer=made.name, stream=stream.name, pending_bytes_limit=-1)
    found: list[Msg] = []
    try:
        with contextlib.suppress(TimeoutError):
            while len(found) < wanted:
                found += await subscription.fetch(min(CHUNK, wanted - len(found)), timeout=PATIENCE)
    finally:
        await subscription.unsubscribe()
        await _forget(js, stream, made.name)
    return found


def _passing(subjects: Sequence[str], after: int) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        filter_subjects=list(subjects),
        ack_policy=api.AckPolicy.NONE,
        headers_only=True,
        mem_storage=True,
        inactive_threshold=30,  # it goes by itself where whoever looks dies before it is taken away
    )


async def _forget(js: JetStreamContext, stream: Stream, consumer: str) -> None:
    with contextlib.suppress(nats.js.errors.Error, nats.errors.Error):
        await js.delete_consumer(stream.name, consumer)


async def standings_of(js: JetStreamContext, stream: Stream) -> list[Standing]:
    """How far each durable consumer of a stream is, by name."""
    infos: list[api.ConsumerInfo] = []
    while page := await js.consumers_info(stream.name, len(infos)):
        infos += page
    durable = sorted((info for info in infos if info.config.durable_name), key=lambda info: info.name)
    return [await _standing(js, stream, info) for info in durable]


async def _standing(js: JetStreamContext, stream: Stream, info: api.ConsumerInfo) -> Standing:
    waiting, in_hand = int(info.num_pending or 0), int(info.num_ack_pending or 0)
    since = await _oldest(js, stream, info) if waiting or in_hand else 0.0
    return Standing(stream.name, info.name, waiting, in_hand, since)


async def _oldest(js: JetStreamContext, stream: Stream, info: api.ConsumerInfo) -> float:
    """When the oldest message a consumer has not done was published; 0 where it was done just now."""
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    found = []
    for subject in info.config.filter_subjects or [info.config.filter_subject or stream.subjects]:
        with contextlib.suppress(nats.js.errors.NotFoundError):
            raw = await js.get_msg(stream.name, floor + 1, subject, next=True, direct=True)
            found += [raw.time.timestamp()] if raw.time else []
    return min(found, default=0.0)
