import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from amber.bus import DEAD, ITEMS, Message
from amber.delivering import delivery as module
from amber.delivering.delivery import DeadLetters, Delivery, Terms, Verdict, delay, each
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.metrics import Metrics
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
ITEM = "amber.v1.item.0"
TERMS = Terms(ITEMS, "digest", batch=10, attempts=3, wait=0.05, ack_wait=30.0)


class Recorder:
    """A consumer that notes how messages were settled."""

    def __init__(self) -> None:
        self.settled: list[tuple[str, int, float]] = []
        self.beats: asyncio.Queue[int] = asyncio.Queue()

    async def fetch(self, limit: int, wait: float) -> list[Message]:
        return []

    async def ack(self, message: Message) -> None:
        self.settled.append(("ack", message.seq, 0.0))

    async def nak(self, message: Message, delay: float) -> None:
        self.settled.append(("nak", message.seq, delay))

    async def progress(self, message: Message) -> None:
        await self.beats.put(message.seq)

    async def waiting(self) -> int:
        return 0

    async def close(self) -> None:
        return None


def message(seq: int = 1, delivered: int = 1, data: bytes = b"original") -> Message:
    return Message("ITEMS@1", seq, ITEM, data, {}, delivered)


def answer(*verdicts: Verdict) -> Callable[[Sequence[Message]], Any]:
    async def handle(_: Sequence[Message]) -> Sequence[Verdict]:
        return verdicts

    return handle


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def dead(bus: MemoryBus, metrics: Metrics) -> DeadLetters:
    return DeadLetters(bus, metrics)


@pytest.mark.parametrize(
    ("verdict", "delivered", "settled"),
    [
        (None, 1, "ack"),
        (Retry(7), 1, 7.0),
        (Retry(7), 99, 7.0),
        (Retry("12"), 1, 12.0),  # type: ignore[arg-type]  # plugins hand on a header as it came
        (Retry("Wed, 21 Oct 2015"), 1, 0.5),  # type: ignore[arg-type]
        (Retry(float("nan")), 1, 0.5),
        (Retry(float("inf")), 1, 86400.0),
        (Retry(-5), 1, 0.0),
        (Retry(), 1, 0.5),
        (Retry(), 2, 1.0),
        (ValueError("oh"), 1, 0.5),
        (ValueError("oh"), 2, 1.0),
        (PluginError("p", "on_fact", "broken"), 2, 1.0),
    ],
)
async def test_a_verdict_decides_what_becomes_of_a_message(
    verdict: Verdict, delivered: int, settled: Any, dead: DeadLetters, bus: MemoryBus
) -> None:
    consumer = Recorder()
    await Delivery(consumer, answer(verdict), TERMS, dead).serve([message(delivered=delivered)])
    assert consumer.settled == [("ack", 1, 0.0) if settled == "ack" else ("nak", 1, settled)]
    assert await bus.browse(DEAD, 0, 9) == []


@pytest.mark.parametrize(
    ("verdict", "delivered"),
    [(Reject("never\nworks ä"), 1), (ValueError("never works"), 3), (Retry(reason="never works"), 3)],
)
async def test_what_cannot_be_done_is_kept_with_its_reason(
    verdict: Exception,
    delivered: int,
    dead: DeadLetters,
    bus: MemoryBus,
    metrics: Metrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    consumer = Recorder()
    await Delivery(consumer, answer(verdict), TERMS, dead).serve([message(5, delivered)])
    assert consumer.settled == [("ack", 5, 0.0)]
    [letter] = await bus.browse(DEAD, 0, 9)
    assert (letter.subject, letter.data) == ("amber.v1.dead.ITEMS.digest.0", b"original")
    assert letter.headers["Amber-Error"].startswith("never works")
    told = {name: letter.headers[f"Amber-{name}"] for name in ("Plugin", "Subject", "Stream", "Seq")}
    assert told == {"Plugin": "digest", "Subject": ITEM, "Stream": "ITEMS", "Seq": "5"}
    assert 'amber_dead_letters_total{plugin="digest",stream="ITEMS"} 1.0' in metrics.render().decode()
    assert "dead letter: ITEMS 5 of plugin digest: never" in caplog.text


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for what is away."""
    monkeypatch.setattr(module, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(module, "LONGEST_HOLD", 0.002)


@pytest.mark.usefixtures("hasty")
async def test_an_outage_is_no_try_that_failed(dead: DeadLetters, bus: MemoryBus) -> None:
    handed: list[list[int]] = []

    async def handle(messages: Sequence[Message]) -> Sequence[Verdict]:
        handed.append([one.seq for one in messages])
        return [Unavailable("away") if one.seq == 2 and len(handed) < 20 else None for one in messages]

    consumer = Recorder()
    await Delivery(consumer, handle, TERMS, dead).serve([message(1), message(2), message(3)])
    assert handed == [[1, 2, 3], *[[2]] * 19]
    assert consumer.settled == [("ack", 1, 0.0), ("ack", 3, 0.0), ("ack", 2, 0.0)]
    assert await bus.browse(DEAD, 0, 9) == []


async def test_what_waits_for_an_outage_to_end_is_given_back_at_the_end(dead: DeadLetters) -> None:
    consumer = Recorder()
    delivery = Delivery(consumer, answer(Unavailable("away"), None), TERMS, dead)
    delivery.stop()
    await delivery.serve([message(1), message(2)])
    assert consumer.settled == [("ack", 2, 0.0), ("nak", 1, 0.0)]


@pytest.mark.usefixtures("hasty")
async def test_a_dead_letter_that_cannot_be_kept_yet_is_not_handled_again_meanwhile(
    dead: DeadLetters, bus: MemoryBus, caplog: pytest.LogCaptureFixture
) -> None:
    handed: list[int] = []

    async def handle(messages: Sequence[Message]) -> Sequence[Verdict]:
        handed.append(len(messages))
        return [Reject("never")]

    consumer = Recorder()
    bus.is_up = False
    serving = asyncio.create_task(Delivery(consumer, handle, TERMS, dead).serve([message()]))
    while caplog.text.count("a dead letter cannot be kept") < 3:
        await asyncio.sleep(0.001)
    bus.is_up = True
    await serving
    assert (handed, consumer.settled) == ([1], [("ack", 1, 0.0)])
    assert len(await bus.browse(DEAD, 0, 9)) == 1


async def test_what_cannot_be_kept_before_the_end_comes_again(dead: DeadLetters, bus: MemoryBus) -> None:
    consumer = Recorder()
    bus.is_up = False
    delivery = Delivery(consumer, answer(Reject("never")), TERMS, dead)
    delivery.stop()
    await delivery.serve([message(delivered=2)])
    assert consumer.settled == [("nak", 1, 0.0)]


async def test_a_dead_letter_told_twice_is_kept_once(dead: DeadLetters, bus: MemoryBus) -> None:
    for _ in range(2):
        await dead.add("ITEMS", "digest", "broken", message())
    await dead.add("ITEMS", "digest", "broken", message(data=b"another of the same message"))
    await dead.add("ITEMS", "digest", "broken", message(seq=2))
    await dead.add("ITEMS", "another", "broken for me too", message())
    assert len(await bus.browse(DEAD, 0, 9)) == 4


async def test_a_handler_that_fails_fails_for_each_message_of_its_batch(dead: DeadLetters) -> None:
    async def handle(_: Sequence[Message]) -> Sequence[Verdict]:
        raise ZeroDivisionError

    consumer = Recorder()
    await Delivery(consumer, handle, TERMS, dead).serve([message(1), message(2, delivered=3)])
    assert consumer.settled == [("nak", 1, 0.5), ("ack", 2, 0.0)]


async def test_long_work_gives_signs_of_life_until_it_ends(dead: DeadLetters) -> None:
    consumer = Recorder()

    async def handle(messages: Sequence[Message]) -> Sequence[Verdict]:
        for _ in range(2):
            assert [await consumer.beats.get() for _ in messages] == [1, 2]
        return [None, None]

    await Delivery(consumer, handle, replace(TERMS, ack_wait=0.03), dead).serve([message(1), message(2)])
    assert [kind for kind, *_ in consumer.settled] == ["ack", "ack"]
    await asyncio.sleep(0.05)
    assert consumer.beats.empty()


async def run_until(delivery: Delivery, done: asyncio.Event) -> None:
    running = asyncio.create_task(delivery.run())
    await done.wait()
    delivery.stop()
    await running


async def test_messages_are_served_until_told_to_stop(bus: MemoryBus, dead: DeadLetters) -> None:
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    seen: list[bytes] = []
    done = asyncio.Event()

    async def handle(messages: Sequence[Message]) -> Sequence[Verdict]:
        seen.extend(one.data for one in messages)
        if len(seen) == 3:
            done.set()
        return [None] * len(messages)

    for data in (b"1", b"2", b"3"):
        await bus.publish(ITEM, data)
    await run_until(Delivery(consumer, handle, replace(TERMS, batch=2), dead), done)
    assert seen == [b"1", b"2", b"3"]
    assert await consumer.waiting() == 0


async def test_stopping_does_not_wait_for_a_fetch(bus: MemoryBus, dead: DeadLetters) -> None:
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    delivery = Delivery(consumer, answer(), replace(TERMS, wait=1000.0), dead)
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.01)
    delivery.stop()
    await running


class Stubborn(Recorder):
    """A consumer whose fetch has messages in hand when it is cancelled."""

    async def fetch(self, limit: int, wait: float) -> list[Message]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return [message(9)]
        return []


async def test_what_a_fetch_holds_when_told_to_stop_is_served(dead: DeadLetters) -> None:
    consumer = Stubborn()
    delivery = Delivery(consumer, answer(None), TERMS, dead)
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.01)
    delivery.stop()
    await running
    assert consumer.settled == [("ack", 9, 0.0)]


async def test_what_is_in_hand_is_finished_before_the_end(bus: MemoryBus, dead: DeadLetters) -> None:
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    started, finish = asyncio.Event(), asyncio.Event()

    async def handle(_: Sequence[Message]) -> Sequence[Verdict]:
        started.set()
        await finish.wait()
        return [None]

    await bus.publish(ITEM, b"x")
    delivery = Delivery(consumer, handle, TERMS, dead)
    running = asyncio.create_task(delivery.run())
    await started.wait()
    delivery.stop()
    await asyncio.sleep(0.01)
    assert not running.done()
    finish.set()
    await running
    assert await consumer.waiting() == 0


async def test_a_bus_that_was_away_is_served_again(
    bus: MemoryBus, dead: DeadLetters, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    done = asyncio.Event()

    async def handle(_: Sequence[Message]) -> Sequence[Verdict]:
        done.set()
        return [None]

    await bus.publish(ITEM, b"x")
    bus.is_up = False
    delivery = Delivery(consumer, handle, TERMS, dead)
    running = asyncio.create_task(delivery.run())
    while "the bus is down; trying again" not in caplog.text:
        await asyncio.sleep(0.001)
    bus.is_up = True
    await done.wait()
    delivery.stop()
    await running


async def test_stopping_does_not_wait_for_a_bus_that_is_away(bus: MemoryBus, dead: DeadLetters) -> None:
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    bus.is_up = False
    delivery = Delivery(consumer, answer(), TERMS, dead)
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.01)
    delivery.stop()
    await running


async def test_each_message_has_a_verdict_of_its_own() -> None:
    async def handle(one: Message) -> None:
        if one.seq == 2:
            raise Reject("not this one")

    first, second, third = await each([message(1), message(2), message(3)], handle)
    assert (first, third) == (None, None)
    assert isinstance(second, Reject)


def test_the_pause_before_another_delivery_doubles_up_to_a_minute() -> None:
    assert [delay(number) for number in (1, 2, 3, 7, 8, 99)] == [0.5, 1.0, 2.0, 32.0, 60.0, 60.0]
