from collections.abc import Sequence
from typing import Any

import pytest

from amber.bus import DEAD, ITEMS
from amber.digesting.jobs import buried
from amber.errors import Reject, Unavailable
from amber.model import (
    Decoded,
    Event,
    GroupedEvent,
    Handled,
    Item,
)
from amber.poison.letters import PART
from amber.testing.plant import HOUR, Plant, claim, protocol, submission

pytestmark = pytest.mark.anyio


async def twice(plant: Plant) -> None:
    """Digest what waits although the first acknowledgement is lost, and with it the bus's memory of what it holds."""
    [message] = await plant.consumer.fetch(1, 1)
    assert await plant.digest.handle([message]) == [None]
    plant.bus.forget_ids()
    assert await plant.digest.handle([message]) == [None]
    await plant.consumer.ack(message)
    await plant.run()


async def test_a_split_frame_that_is_split_again_counts_once(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    write = plant.stores._write

    def fail(events: Sequence[GroupedEvent]) -> None:
        if len(events) > 1:
            raise ZeroDivisionError("a fault of a store")
        write(events)

    monkeypatch.setattr(plant.stores, "_write", fail)
    await plant.start()
    await plant.send(submission("a", "e1"), submission("b", "e2"))
    await twice(plant)
    assert plant.stores.ids() == ["1", "2"]
    assert sum(len(batch.events) for batch in plant.stores.batches) == 2


async def test_an_item_that_is_sent_again_twice_counts_once(plant: Plant) -> None:
    failing = [True]

    def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        if failing:
            raise ValueError("oh")
        return [Handled() for _ in items]

    claim(plant, handle)
    await plant.start()
    await plant.send(submission("a", "e1 i1"))
    plant.stores.away = True
    [message] = await plant.consumer.fetch(1, 1)
    assert [type(one) for one in await plant.digest.handle([message])] == [Unavailable]
    plant.stores.away = False
    plant.bus.forget_ids()
    assert await plant.digest.handle([message]) == [None]
    await plant.consumer.ack(message)
    assert len(await plant.bus.browse(ITEMS, 0, 9)) == 2  # the same item twice
    failing.clear()
    assert await plant.run() == []
    assert plant.stores.outcomes().count(("log", "stored", "")) == 1


async def test_a_dead_letter_that_is_retried_twice_counts_once(plant: Plant) -> None:
    await plant.send(submission("a", "! e1"), submission("b", "e2"))
    await plant.run()
    [letter] = await plant.bus.browse(DEAD, 0, 9)
    plant.protocols["tiny"] = protocol(lambda one: Decoded((Event("1" * 32, 1, "error", 0.0, HOUR * 3600.0, {}),)))
    for _ in range(2):
        await plant.bus.publish(letter.headers["Amber-Subject"], letter.data, headers={PART: letter.headers[PART]})
    await plant.run()
    assert sum(len(batch.events) for batch in plant.stores.batches) == 2


async def test_what_was_set_aside_whole_may_be_retried(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    [message] = await plant.consumer.fetch(1, 1)
    await plant.digest.bury(message, Reject("no"))
    letter = buried(message, Reject("no"))
    await plant.consumer.ack(message)
    await plant.bus.publish(letter.subject, letter.data, headers={PART: letter.headers[PART]})
    await plant.run()
    assert plant.stores.ids() == ["1"]
