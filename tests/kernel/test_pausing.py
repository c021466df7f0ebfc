import pytest

from amber.bus import pause_subject
from amber.errors import Reject
from amber.poison.pausing import Pause, Pauses
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
FIRST, SECOND = Pause("digest", 1.0, "12 of 20 were dead-lettered"), Pause("task-webhook", 2.0, "all of 20")


async def test_a_pause_is_seen_until_somebody_ends_it(bus: MemoryBus) -> None:
    here, there = Pauses(bus), Pauses(bus)
    await here.keep(SECOND)
    await here.keep(FIRST)
    assert await there.all() == [FIRST, SECOND]
    await there.resume("digest")
    assert await here.all() == [SECOND]


async def test_only_what_is_paused_can_be_resumed(bus: MemoryBus) -> None:
    with pytest.raises(Reject, match="'digest' is not paused") as caught:
        await Pauses(bus).resume("digest")
    assert caught.value.status == 404


async def test_what_somebody_else_put_there_is_no_pause(bus: MemoryBus) -> None:
    await bus.publish(pause_subject("digest"), b"{}")
    assert await Pauses(bus).all() == []


def test_a_pause_says_how_to_go_on() -> None:
    assert FIRST.problem == (
        "consumer digest is paused: 12 of 20 were dead-lettered; `amber dead resume digest` goes on"
    )
