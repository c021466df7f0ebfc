import asyncio
from typing import Any

import msgspec
import pytest

from amber.bus import FACTS
from amber.digesting.outbox import BATCH, Outbox
from amber.model import Fact
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio


class Facts:
    """The outbox of a store."""

    def __init__(self, *numbers: int) -> None:
        self.kept = [Fact(str(number), "issue.created", 1, 1.0, {}) for number in numbers]

    def pending_facts(self, limit: int) -> tuple[Fact, ...]:
        return tuple(self.kept[:limit])

    def forget_facts(self, ids: list[str]) -> None:
        self.kept = [fact for fact in self.kept if fact.id not in ids]


async def published(bus: MemoryBus) -> list[str]:
    messages = await bus.browse(FACTS, 0, 10_000)
    assert {message.subject for message in messages} <= {"amber.v1.fact.issue.created.1"}
    return [msgspec.json.decode(message.data, type=Fact).id for message in messages]


async def test_facts_are_published_in_order_and_forgotten(bus: MemoryBus) -> None:
    store: Any = Facts(1, 2, 3)
    assert await Outbox(store, bus).relay() == 3
    assert await published(bus) == ["1", "2", "3"]
    assert store.kept == []
    assert await Outbox(store, bus).relay() == 0


async def test_a_fact_that_was_not_forgotten_is_told_once(bus: MemoryBus) -> None:
    store: Any = Facts(1)
    store.forget_facts = lambda ids: None
    for _ in range(2):
        await Outbox(store, bus).relay()
    assert await published(bus) == ["1"]


async def test_what_is_there_at_the_end_is_still_told(bus: MemoryBus) -> None:
    store: Any = Facts(*range(2 * BATCH + 5))
    outbox = Outbox(store, bus)
    outbox.stop()
    await outbox.run()
    assert len(await published(bus)) == 2 * BATCH + 5


async def test_facts_wait_for_a_bus_that_is_away(bus: MemoryBus, caplog: pytest.LogCaptureFixture) -> None:
    store: Any = Facts(1)
    outbox = Outbox(store, bus)
    bus.is_up = False
    running = asyncio.create_task(outbox.run())
    while "facts wait" not in caplog.text:
        await asyncio.sleep(0.001)
    assert [fact.id for fact in store.kept] == ["1"]
    bus.is_up = True
    outbox.ring()
    while store.kept:
        await asyncio.sleep(0.001)
    store.kept = Facts(2).kept  # nobody rings: another process wrote it
    while store.kept:
        await asyncio.sleep(0.001)
    outbox.stop()
    await running
    assert await published(bus) == ["1", "2"]


async def test_an_end_without_a_bus_loses_nothing(bus: MemoryBus) -> None:
    store: Any = Facts(1)
    outbox = Outbox(store, bus)
    bus.is_up = False
    outbox.stop()
    await outbox.run()
    assert [fact.id for fact in store.kept] == ["1"]
