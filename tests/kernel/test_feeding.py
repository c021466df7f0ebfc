"""Feeding a plugin facts and stored events, without an Amber: what goes where, how far it is noted to be."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amber.bus import REPLAYS, TASKS, fact_subject, replay_subject, task_subject
from amber.cli import feeding
from amber.cli.feeding import Feeder, Replay, joined, last_replay
from amber.errors import Unavailable
from amber.model import EventPlace, Fact, Held, Page, Project
from amber.plugin.manifest import Manifest, Rights
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
NOW = 4_000_000_000.0
FAST = 1e9
Spans = list[tuple[int, int]]


class Stored:
    """The event store as far as a replay asks it: seven events of project 1."""

    def __init__(self) -> None:
        self.events = [EventPlace(f"{number:032x}", "key", 100.0 + number) for number in range(7)]

    def held(self, project: int, received_before: float) -> Held:
        every = self.events if project == 1 else []
        return Held(len(every), sum(one.received_at < received_before for one in every))

    def oldest_events(self, project: int, before: float, cursor: str, limit: int, since: float) -> Page[EventPlace]:
        every = [one for one in self.events if project == 1 and since <= one.received_at < before]
        start = int(cursor or 0)
        return Page(tuple(every[start : start + limit]), str(start + limit) if start + limit < len(every) else None)


def kernel(house: Any, manifest: Manifest) -> Any:
    projects = [Project(1, 1, "shop", "Shop", "", 0.0), Project(2, 1, "blog", "Blog", "", 0.0)]
    directory = SimpleNamespace(organisations=lambda: [SimpleNamespace(id=1)], projects=lambda home: projects)
    return SimpleNamespace(
        dispatcher=house.dispatcher,
        registry=SimpleNamespace(plugins={"late": SimpleNamespace(manifest=manifest)}),
        stores=SimpleNamespace(events=Stored(), directory=directory),
    )


async def publish(bus: MemoryBus, *projects: int, kind: str = "issue.created") -> None:
    for project in projects:
        fact = Fact(f"{len(bus.stored(feeding.FACTS))}", kind, project, 0.0, {})
        await bus.publish(fact_subject(kind, project), msgspec.json.encode(fact), fact.id)


@pytest.fixture
def feeder(house: Any, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Feeder]:
    """A feeder of a plugin that hears new issues and adds to events."""
    monkeypatch.setattr(feeding, "EVENTS", 3)
    house.add("late", on_fact=lambda fact: None, enrich_events=lambda events: [None for _ in events])
    rights = Rights(facts=("issue.created",))
    made = kernel(house, Manifest("late", "L", "S.", ("enrichment",), rights=rights))

    def make(last: Replay | None = None, project: int = 0) -> Feeder:
        told = {} if last is None else {"stream": last.stream, "told": last.told}
        return Feeder(made, bus, Replay("id", "late", 0.0, NOW, project, **told), FAST)

    return make


async def fed(bus: MemoryBus, name: str) -> list[Any]:
    tasks = await bus.browse(TASKS, 0, 1000)
    return [msgspec.json.decode(one.data) for one in tasks if one.subject == task_subject("late", name)]


async def test_what_is_fed_goes_to_this_plugin_alone(feeder: Any, bus: MemoryBus) -> None:
    await publish(bus, 1, 2, 1)
    await publish(bus, 1, kind="issue.resolved")
    one = feeder()
    plan = await one.plan()
    assert (plan.facts, plan.events, plan.total) == ({"issue.created": 3}, {"shop": 7}, 10)
    assert await bus.browse(TASKS, 0, 9) == []
    await one.run()
    assert [fact["id"] for fact in await fed(bus, "fact")] == ["0", "1", "2"]
    assert [len(task["ids"]) for task in await fed(bus, "enrich")] == [3, 3, 1]
    assert (one.replay.facts, one.replay.events, one.replay.is_done) == (3, 7, True)
    assert await last_replay(bus, "late") == one.replay
    assert not one.replay.is_running


async def test_facts_and_events_of_one_project_and_time_alone(feeder: Any, bus: MemoryBus) -> None:
    await publish(bus, 1, 2, 1)
    one = feeder(project=1)
    one.replay = replace(one.replay, since=102.0, until=105.0)
    assert await one.plan() == feeding.Plan({}, {"shop": 3})
    other = feeder(project=2)
    assert await other.plan() == feeding.Plan({"issue.created": 1}, {})


async def test_what_was_told_once_is_left_out_the_next_time(feeder: Any, bus: MemoryBus) -> None:
    await publish(bus, 1, 2)
    first = feeder(project=1)
    await first.run()
    second = feeder(first.replay)
    plan = await second.plan()
    assert (plan.facts, plan.known) == ({"issue.created": 1}, 1)
    await second.run()
    await publish(bus, 1)
    third = feeder(second.replay)
    assert ((await third.plan()).facts, (await third.plan()).known) == ({"issue.created": 1}, 2)
    await third.run()
    assert [fact["id"] for fact in await fed(bus, "fact")] == ["0", "1", "2"]


async def test_a_stream_that_was_made_anew_holds_nothing_that_was_told(feeder: Any, bus: MemoryBus) -> None:
    await publish(bus, 1)
    last = replace(feeder().replay, stream="FACTS@before", told={"0": ((1, 99),)})
    assert (await feeder(last).plan()).facts == {"issue.created": 1}


async def test_a_replay_that_was_broken_off_goes_on_behind_the_last_it_noted(
    feeder: Any, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(bus, 1, 1, 1, 1)
    one, publish_to = feeder(), bus.publish

    async def fail_at_last(subject: str, data: bytes, *more: Any) -> None:
        if subject == task_subject("late", "fact") and len(await fed(bus, "fact")) == 2:
            raise Unavailable("the bus is away")
        await publish_to(subject, data, *more)

    monkeypatch.setattr(bus, "publish", fail_at_last)
    with pytest.raises(Unavailable):
        await one.run()
    monkeypatch.setattr(bus, "publish", publish_to)
    noted = await last_replay(bus, "late")
    assert noted is not None
    assert (noted.facts, noted.is_done, noted.is_running) == (2, False, False)
    two = feeder()
    two.replay = noted
    assert (await two.plan()).facts == {"issue.created": 2}
    await two.run()
    assert [fact["id"] for fact in await fed(bus, "fact")] == ["0", "1", "2", "3"]
    assert (two.replay.facts, two.replay.told) == (4, {"0": ((1, 4),)})


async def test_a_plugin_that_is_behind_is_fed_nothing_more(
    feeder: Any, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "AHEAD", 0)
    await publish(bus, 1)
    again = await bus.consume(TASKS, "again-late", [task_subject("late", "fact")], 60)
    await bus.publish(task_subject("late", "fact"), b"{}")
    running = asyncio.create_task(feeder().run())
    while not await bus.browse(REPLAYS, 0, 1):  # it notes that it is still there, and waits
        await asyncio.sleep(0.01)
    noted = await last_replay(bus, "late")
    assert noted is not None
    assert noted.is_running
    assert len(await fed(bus, "fact")) == 1
    [message] = await again.fetch(1, 0)
    await again.ack(message)
    await running
    assert len(await fed(bus, "fact")) == 1


async def test_a_replay_nobody_can_read_is_none(bus: MemoryBus) -> None:
    await bus.publish(replay_subject("late"), b"nonsense")
    assert await last_replay(bus, "late") is None


def covered(spans: Sequence[tuple[int, int]]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair)))))
def test_joined_spans_cover_the_same_and_stand_apart(spans: Spans) -> None:
    found = joined(spans)
    assert covered(found) == covered(spans)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(found))


async def test_what_is_left_of_events_is_told_when_it_goes_on(
    feeder: Any, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, publish_to = feeder(), bus.publish

    async def fail_at_second(subject: str, data: bytes, *more: Any) -> None:
        if subject == task_subject("late", "enrich") and await fed(bus, "enrich"):
            raise Unavailable("the bus is away")
        await publish_to(subject, data, *more)

    monkeypatch.setattr(bus, "publish", fail_at_second)
    with pytest.raises(Unavailable):
        await one.run()
    monkeypatch.setattr(bus, "publish", publish_to)
    two = feeder()
    noted = await last_replay(bus, "late")
    assert noted is not None
    two.replay = noted
    assert (two.replay.events, await two.plan()) == (3, feeding.Plan({}, {"shop": 4}))
    await two.run()
    assert (two.replay.events, [len(task["ids"]) for task in await fed(bus, "enrich")]) == (7, [3, 3, 1])
