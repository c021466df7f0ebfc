"""Suspects on their way, part by part: what killed workers is left out, everything beside it is stored."""

from collections.abc import Sequence
from typing import Any

import pytest

from amber.bus import DEAD, ITEMS, Message
from amber.delivering.delivery import DeadLetters, Delivery, Stroll, Terms, Verdict
from amber.metrics import Metrics
from amber.model import Handled, Item
from amber.poison.journal import Death, Journal, Note
from amber.poison.suspects import Guilty, Place, Suspect, Suspects, Walk
from amber.testing.memorybus import MemoryBus
from amber.testing.plant import ITEM, Plant, claim, submission
from amber.wire import frames

pytestmark = pytest.mark.anyio


class Notebook(Journal):
    """A journal that remembers which parts it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def part(self, name: str) -> None:
        self.parts.append(name)


async def walked(plant: Plant, *parts: str) -> tuple[Verdict, list[str]]:
    """Take the message that waits as a suspect these parts of which are guilty: the verdict, the parts entered."""
    [message] = await plant.consumer.fetch(1, 1)
    guilty = tuple((Place(part, "killer", "enrich_events"), "the worker hung") for part in parts)
    journal = Notebook()
    walk = Walk(Suspect("ITEMS-digest", message.stream, message.seq, guilty=guilty), journal)
    verdict = await plant.digest.walk(message, walk)
    if verdict is None:
        await plant.consumer.ack(message)
    return verdict, journal.parts


async def test_a_suspect_that_kills_nobody_is_digested_part_by_part(plant: Plant) -> None:
    claim(plant, lambda items, ctx: [Handled() for _ in items])
    await plant.start()
    await plant.send(submission("a", "e1 i1 i2"), submission("b", "e2"))
    assert await walked(plant) == (None, ["frame", "0", "0.1", "0.2", "1", "store"])
    assert plant.stores.ids() == ["1", "2"]
    assert len(plant.stores.batches) == 1


async def test_a_submission_that_kills_is_set_aside_and_those_beside_it_are_stored(plant: Plant) -> None:
    await plant.send(submission("a", "e1"), submission("b", "e2 e3"), submission("c", "e4"))
    assert await walked(plant, "1") == (None, ["frame", "0", "2", "store"])
    assert plant.stores.ids() == ["1", "4"]
    assert await plant.dead() == [("killer", "b")]
    [letter] = await plant.bus.browse(DEAD, 0, 9)
    assert letter.headers["Amber-Error"] == "plugin killer failed in enrich_events: the worker hung"


async def test_an_item_that_kills_is_set_aside_and_what_it_came_with_is_stored(plant: Plant) -> None:
    seen: list[str] = []

    def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        seen.extend(item.id for item in items)
        return [Handled() for _ in items]

    claim(plant, handle)
    await plant.start()
    await plant.send(submission("a", "e1 i1 i2"), submission("b", "i3"))
    await walked(plant, "0.1", "1.0")
    assert seen == ["a:2"]
    assert plant.stores.ids() == ["1"]
    assert await plant.dead() == [("killer", "a"), ("killer", "b")]
    letters = await plant.bus.browse(DEAD, 0, 9)
    assert sorted(frames.decode(letters[0].data)[0].dropped) == [0, 2]
    for letter in letters:  # mended and handed back, each is handled once more
        await plant.bus.publish(ITEM, letter.data, headers={"Amber-Part": letter.headers["Amber-Part"]})
    await plant.run()
    assert seen == ["a:2", "a:1", "b:0"]


async def test_a_frame_that_kills_in_the_stores_is_split(plant: Plant) -> None:
    await plant.send(submission("a", "e1"), submission("b", "e2"))
    assert (await walked(plant, "store"))[0] is None
    waiting = await plant.bus.browse(ITEMS, 0, 9)
    assert [[one.id for one in frames.decode(message.data)] for message in waiting] == [["a"], ["b"]]
    verdict, _ = await walked(plant, "store")
    assert isinstance(verdict, Guilty)


async def test_a_frame_that_kills_whoever_reads_it_is_not_read(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    verdict, parts = await walked(plant, "frame")
    assert isinstance(verdict, Guilty)
    assert parts == []


class Yard:
    """A delivery on a bus in memory, after a worker died with these messages in hand."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus, self.handled = bus, list[list[int]]()
        self.outcome: Verdict = None
        self.walk: Stroll | None = None

    async def serve(self, *seqs: int, deaths: int = 0) -> None:
        """Suspect these; each died alone so many times."""
        stream = (await self.bus.browse(ITEMS, 0, 1))[0].stream
        suspects = Suspects(self.bus, Journal())
        owner = "ITEMS-digest"
        for number in range(deaths + 1):
            hands = ((owner, stream, list(seqs)),)
            note = Note(f"life {number}", "", hands, number > 0, "killer", "on_fact")
            suspects.journal.death = Death(note, "hung for 30 s", "")
            await suspects.start()
        consumer = await self.bus.consume(ITEMS, "digest", [ITEMS.subjects], 60)
        for message in await consumer.fetch(9, 1):
            await consumer.nak(message, 0)
        delivery = Delivery(consumer, self._handle, Terms(ITEMS, "digest", batch=8), DeadLetters(self.bus, Metrics()))
        delivery.watch(suspects)
        delivery.walk = self.walk or delivery.walk
        await delivery.serve(await consumer.fetch(9, 1))

    async def _handle(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        self.handled.append([one.seq for one in messages])
        return [self.outcome for _ in messages]


@pytest.fixture
async def yard(bus: MemoryBus) -> Yard:
    for number in range(6):
        await bus.publish(ITEM, b"%d" % number)
    return Yard(bus)


async def test_suspects_are_handled_one_by_one_after_the_others(yard: Yard) -> None:
    await yard.serve(2, 3)
    assert yard.handled == [[1, 4, 5, 6], [2], [3]]
    assert await yard.bus.browse(ITEMS, 0, 9) == []


async def test_what_killed_twice_alone_is_set_aside_untouched(yard: Yard) -> None:
    await yard.serve(2, deaths=2)
    assert yard.handled == [[1, 3, 4, 5], [6]]
    [letter] = await yard.bus.browse(DEAD, 0, 9)
    assert letter.headers["Amber-Plugin"] == "killer"
    assert "the worker hung for 30 s (2 times" in letter.headers["Amber-Error"]
    assert await yard.bus.browse(ITEMS, 0, 9) == []


async def test_a_suspect_that_fails_otherwise_is_tried_again_by_the_same_rules(yard: Yard) -> None:
    yard.outcome = ZeroDivisionError()
    await yard.serve(2)
    assert [2] in yard.handled
    assert await yard.bus.browse(DEAD, 0, 9) == []


async def test_a_walk_that_breaks_off_is_tried_again_too(yard: Yard) -> None:
    async def stumble(message: Message, walk: Walk) -> Verdict:
        raise ZeroDivisionError

    yard.walk = stumble
    await yard.serve(2)
    assert yard.handled == [[1, 3, 4, 5], [6]]
    assert [one.seq for one in await yard.bus.browse(ITEMS, 0, 9)] == [2]
    assert await yard.bus.browse(DEAD, 0, 9) == []
