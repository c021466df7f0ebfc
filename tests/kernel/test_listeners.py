import pytest

from amber.digesting.outbox import publish_fact
from amber.listeners import Listeners
from amber.model import Fact
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
FACT = Fact("f1", "issue.created", 1, 1.0, {})


def broken(_: Fact) -> None:
    raise ZeroDivisionError("oh")


async def test_one_that_fails_does_not_keep_the_news_from_the_next(
    bus: MemoryBus, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    listeners = Listeners()
    listeners.add("bad", "issue.created", broken)
    listeners.add("good", "issue.created", lambda fact: heard.append(fact.id))
    await listeners.settle(bus)
    await publish_fact(bus, FACT)
    assert heard == ["f1"]
    assert "bad failed to hear issue.created" in caplog.text


async def test_who_comes_back_hears_once(bus: MemoryBus) -> None:
    heard: list[str] = []
    listeners = Listeners()
    for _ in range(3):
        listeners.forget("late")
        listeners.add("late", "issue.created", lambda fact: heard.append(fact.id))
        await listeners.settle(bus)
    await publish_fact(bus, FACT)
    assert heard == ["f1"]
    listeners.forget("late")
    await publish_fact(bus, Fact("f2", "issue.created", 1, 1.0, {}))
    assert heard == ["f1"]
