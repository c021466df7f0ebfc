import asyncio

import pytest

from amber.bus import ITEMS
from amber.errors import Unavailable
from amber.ingest import tally
from amber.ingest.commit import Committer
from amber.ingest.tally import Tally
from amber.metrics import Metrics
from amber.model import OutcomeCount
from amber.testing.memorybus import MemoryBus
from amber.wire import frames

pytestmark = pytest.mark.anyio


def refused(quantity: int = 1, category: str = "error") -> OutcomeCount:
    return OutcomeCount(1, category, "invalid", "http 400", quantity, 7)


async def told(bus: MemoryBus) -> list[OutcomeCount]:
    submissions = [one for message in await bus.browse(ITEMS, 0, 9) for one in frames.decode(message.data)]
    assert {(one.protocol, one.route) for one in submissions} <= {("kernel", "outcomes")}
    return [count for one in submissions for count in tally.protocol().decode(one).outcomes]


async def test_refusals_are_added_up_and_told_once(bus: MemoryBus) -> None:
    counts = Tally(Committer(bus, 1, Metrics()))
    for one in (refused(), refused(4), refused(category="log")):
        counts.add(one)
    await counts.flush()
    await counts.flush()
    assert sorted(await told(bus), key=lambda one: one.category) == [refused(5), refused(category="log")]


async def test_what_cannot_be_told_is_kept_for_later(bus: MemoryBus) -> None:
    counts = Tally(Committer(bus, 1, Metrics()))
    counts.add(refused())
    bus.is_up = False
    with pytest.raises(Unavailable):
        await counts.flush()
    counts.add(refused())
    bus.is_up = True
    await counts.flush()
    assert await told(bus) == [refused(2)]


async def test_refusals_are_told_by_and_by(bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "PERIOD", 0.001)
    counts = Tally(Committer(bus, 1, Metrics()))
    counts.add(refused())
    bus.is_up = False
    running = asyncio.create_task(counts.run())
    await asyncio.sleep(0.02)
    assert not running.done()
    bus.is_up = True
    while not await told(bus):
        await asyncio.sleep(0.001)
    running.cancel()
    assert await told(bus) == [refused()]


def test_nobody_can_speak_the_kernels_own_protocol_over_http() -> None:
    protocol = tally.protocol()
    assert protocol.routes == ()
    with pytest.raises(TypeError):
        protocol.credential(None)  # type: ignore[arg-type]
