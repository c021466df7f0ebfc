import asyncio
from typing import Any

import pytest

from amber.bus import FACTS, ITEMS, TASKS, dead_subject
from amber.desks.queues import QueueDesk
from amber.errors import Reject, Unavailable
from amber.model import AuditEntry
from amber.poison.pausing import Pause, Pauses
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
AUDIT = AuditEntry(1, "user:1", "consumer.resume", "", 1.0)
PAUSE = Pause("digest", 5.0, "12 of 20 died")


class Log:
    def __init__(self) -> None:
        self.audits: list[AuditEntry] = []

    def note_change(self, audit: AuditEntry) -> None:
        self.audits.append(audit)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def desk(bus: MemoryBus, log: Any) -> QueueDesk:
    return QueueDesk(lambda: bus, lambda: log)


async def test_every_consumer_tells_what_waits_and_what_died(bus: MemoryBus, desk: QueueDesk) -> None:
    await bus.consume(ITEMS, "digest", [ITEMS.subjects], 30)
    await bus.consume(FACTS, "plugin-alerts", [FACTS.subjects], 30)
    await bus.publish("amber.v1.item.0", b"frame")
    for stream, plugin in (("ITEMS", "sentry"), ("ITEMS", "tiny"), ("FACTS", "alerts"), ("FACTS", "other")):
        await bus.publish(dead_subject(stream, plugin, 7), b"letter")
    alerts, digest = await desk.all()
    assert (alerts.name, alerts.waiting, alerts.dead, alerts.pause) == ("plugin-alerts", 0, 1, None)
    assert (digest.name, digest.stream, digest.waiting, digest.in_hand, digest.dead) == ("digest", "ITEMS", 1, 0, 2)
    assert digest.since > 1_700_000_000


async def test_each_plugin_is_told_with_what_waits_for_it_and_what_it_could_not_do(
    bus: MemoryBus, desk: QueueDesk
) -> None:
    await bus.consume(FACTS, "plugin-alerts", [FACTS.subjects], 30)
    await bus.consume(TASKS, "again-alerts", [TASKS.subjects], 30)
    await bus.publish("amber.v1.fact.issue.created.1", b"{}")
    await bus.publish("amber.v1.task.alerts.fact", b"{}")
    for stream in ("FACTS", "TASKS", "ITEMS"):
        await bus.publish(dead_subject(stream, "alerts", 7), b"letter")
    idle = {"name": "idle", "waiting": 0, "in_hand": 0, "dead_letters": 0}
    alerts = {"name": "alerts", "waiting": 2, "in_hand": 0, "dead_letters": 3}
    assert await desk.laden([{"name": "alerts"}, {"name": "idle"}]) == [alerts, idle]


async def test_while_the_bus_is_away_nobody_knows_what_waits(log: Any) -> None:
    away = QueueDesk(lambda: None, lambda: log)
    assert await away.laden([{"name": "x"}]) == [{"name": "x", "waiting": None, "in_hand": None, "dead_letters": None}]


async def test_a_pause_is_told_even_of_a_consumer_that_is_not_there(bus: MemoryBus, desk: QueueDesk) -> None:
    await bus.consume(ITEMS, "digest", [ITEMS.subjects], 30)
    gone = Pause("task-gone", 6.0, "all of 20 died")
    for pause in (PAUSE, gone):
        await Pauses(bus).keep(pause)
    assert [(one.name, one.pause) for one in await desk.all()] == [("digest", PAUSE), ("task-gone", gone)]
    assert desk.paused == (PAUSE, gone)


async def test_to_resume_ends_the_pause_and_is_written_down(bus: MemoryBus, desk: QueueDesk, log: Log) -> None:
    await Pauses(bus).keep(PAUSE)
    await desk.all()
    await desk.resume("digest", AUDIT)
    assert (desk.paused, await Pauses(bus).all()) == ((), [])
    [audit] = log.audits
    assert (audit.action, audit.subject, audit.after) == (
        "consumer.resume",
        "consumer:digest",
        {"reason": "12 of 20 died"},
    )


async def test_what_is_not_paused_cannot_be_resumed(desk: QueueDesk, log: Log) -> None:
    with pytest.raises(Reject, match="not paused"):
        await desk.resume("digest", AUDIT)
    assert log.audits == []


async def test_pauses_are_noticed_by_themselves_and_survive_an_outage(
    bus: MemoryBus, desk: QueueDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amber.desks.queues.PERIOD", 0.001)
    watching = asyncio.create_task(desk.watch())
    await Pauses(bus).keep(PAUSE)
    while not desk.paused:
        await asyncio.sleep(0)
    bus.is_up = False
    for _ in range(5):
        await asyncio.sleep(0.002)
    assert desk.paused == (PAUSE,)
    bus.is_up = True
    await Pauses(bus).resume("digest")
    while desk.paused:
        await asyncio.sleep(0)
    watching.cancel()


async def test_a_process_without_a_bus_says_so(log: Any) -> None:
    with pytest.raises(Unavailable, match="no bus"):
        await QueueDesk(lambda: None, lambda: log).all()
