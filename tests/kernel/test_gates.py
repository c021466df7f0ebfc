import asyncio
from collections.abc import Callable, Sequence

import pytest

from amber.bus import DEAD, ITEMS, Message
from amber.delivering import delivery as delivery_module
from amber.delivering.delivery import DeadLetters, Delivery, Terms, Verdict
from amber.errors import Reject
from amber.metrics import Metrics
from amber.poison import gates as module
from amber.poison.gates import LEAST, PASSES, WINDOW, Gates, Rules
from amber.poison.pausing import Pause, Pauses
from amber.testing.memorybus import MemoryBus
from amber.testing.plant import ITEM, Plant, submission

pytestmark = pytest.mark.anyio
PAUSE = Pause("digest", 1.0, "all of its last 20 became dead letters: oh")


class House:
    """One process with its gates."""

    def __init__(self, bus: MemoryBus, rules: Rules) -> None:
        self.metrics = Metrics()
        self.gates = Gates(bus, rules, self.metrics)
        self.digest = self.gates.of("digest")

    def is_shown(self) -> bool:
        return 'amber_consumer_paused{consumer="digest"} 1.0' in self.metrics.render().decode()


@pytest.fixture
async def house_of_gates(bus: MemoryBus) -> House:
    made = House(bus, Rules(0.5, 0.01))
    await made.gates.start()
    return made


@pytest.mark.parametrize(
    ("dead", "done", "is_paused"),
    [(LEAST - 1, 0, False), (LEAST, 0, True), (9, 11, False), (10, 10, True), (0, WINDOW, False)],
)
async def test_a_consumer_pauses_when_most_of_what_it_takes_dies(
    house_of_gates: House, dead: int, done: int, is_paused: bool
) -> None:
    gate = house_of_gates.digest
    gate.count(0, done)
    gate.count(dead, 0, "it always fails")
    assert (gate.pause is not None, house_of_gates.is_shown()) == (is_paused, is_paused)
    if gate.pause is not None:
        assert gate.pause.reason.endswith("became dead letters: it always fails")
        assert house_of_gates.gates.problems() == (gate.pause.problem,)


async def test_only_the_latest_ends_count(house_of_gates: House) -> None:
    gate = house_of_gates.digest
    for _ in range(10):
        gate.count(1, 9)
    gate.count(0, WINDOW)
    gate.count(LEAST, 0, "oh")
    assert gate.pause is None


async def test_a_pause_is_everybodys_until_somebody_ends_it(bus: MemoryBus, house_of_gates: House) -> None:
    house_of_gates.digest.count(LEAST, 0, "oh")
    assert not await house_of_gates.digest.begin_probe()
    later = House(bus, Rules())
    await later.gates.start()
    late = later.gates.of("digest")
    again = Gates(bus, Rules(), Metrics())
    await again.start()
    assert again.of("digest").pause == house_of_gates.digest.pause
    await Pauses(bus).keep(PAUSE)
    assert (late.pause, house_of_gates.digest.pause) == (PAUSE, PAUSE)
    await Pauses(bus).resume("digest")
    assert (late.pause, house_of_gates.digest.pause, again.of("digest").pause) == (None, None, None)
    assert not house_of_gates.is_shown()
    house_of_gates.digest.count(1, 0, "what was counted before says nothing any more")
    assert house_of_gates.digest.pause is None


async def test_the_end_of_a_pause_that_was_not_heard_is_seen(bus: MemoryBus, house_of_gates: House) -> None:
    await Pauses(bus).keep(PAUSE)
    deaf = House(bus, Rules(probe_after=0.0001))
    deaf.digest.close(PAUSE)
    await Pauses(bus).resume("digest")
    await asyncio.sleep(0.001)
    assert not await deaf.digest.begin_probe()
    assert deaf.digest.pause is None


class Line:
    """A consumer that is paused, and a handler that fails as long as it is told to."""

    def __init__(self, bus: MemoryBus, gates: Gates) -> None:
        self.bus, self.gate, self.handled = bus, gates.of("digest"), list[int]()
        self.is_failing = True
        self.seen = asyncio.Event()

    async def handle(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        self.handled.append(len(messages))
        self.seen.set()
        return [Reject("never") if self.is_failing else None for _ in messages]

    async def open(self) -> Delivery:
        consumer = await self.bus.consume(ITEMS, "digest", [ITEMS.subjects], 60)
        terms = Terms(ITEMS, "digest", batch=50, wait=0.01)
        made = Delivery(consumer, self.handle, terms, DeadLetters(self.bus, Metrics()))
        made.heed(self.gate)
        return made


@pytest.fixture
async def line(bus: MemoryBus, house_of_gates: House, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(delivery_module, "PEEK", 0.001)
    monkeypatch.setattr(module, "LONGEST_REST", 0.02)
    return Line(bus, house_of_gates.gates)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_paused_consumer_tries_one_at_a_time_and_goes_on_once_they_end_well(bus: MemoryBus, line: Line) -> None:
    for number in range(150):
        await bus.publish(ITEM, b"%d" % number)
    delivery = await line.open()
    running = asyncio.create_task(delivery.run())
    await until(lambda: len(line.handled) > 3)
    assert line.handled[0] == 50
    assert set(line.handled[1:]) == {1}
    assert len(await bus.browse(DEAD, 0, 200)) < 80  # most of it waits where it was
    line.is_failing = False
    await until(lambda: line.gate.pause is None and sum(line.handled) == 150)
    assert line.handled[-1] > 1
    assert line.handled.count(1) >= PASSES
    assert await Pauses(bus).all() == []
    delivery.stop()
    await running


async def test_a_paused_consumer_ends_at_once_when_told_to(line: Line, bus: MemoryBus) -> None:
    line.gate.close(PAUSE)
    await Pauses(bus).keep(PAUSE)
    delivery = await line.open()
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(0.05)  # with nothing to take, probes prove nothing
    delivery.stop()
    await running
    assert line.handled == []
    assert line.gate.pause == PAUSE


async def test_one_probe_is_under_way_at_a_time(bus: MemoryBus, house_of_gates: House) -> None:
    gate = house_of_gates.digest
    gate.close(PAUSE)
    await Pauses(bus).keep(PAUSE)
    while not await gate.begin_probe():
        await asyncio.sleep(0.001)
    assert not await gate.begin_probe()
    await gate.end_probe()
    assert await gate.begin_probe()


async def test_the_digest_counts_submissions_not_frames(plant: Plant) -> None:
    told: list[tuple[int, int, str]] = []
    plant.digest.on_ends = lambda *ends: told.append(ends)
    await plant.send(submission("a", "e1"), submission("b", "! e2"), submission("c", "e3"))
    await plant.run()
    [(dead, done, reason)] = told
    assert (dead, done) == (1, 2)
    assert "cannot be decoded" in reason
    await plant.send(submission("d", "e4"), submission("e", "e5"))
    [message] = await plant.consumer.fetch(1, 1)
    await plant.digest.bury(message, Reject("no"))
    assert told[1:] == [(2, 0, "no")]
