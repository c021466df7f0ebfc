"""Feeding one plugin what happened before: counted, at a pace, from where it was broken off."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import FACTS, REPLAYS, TASKS, Bus, Message, fact_subject, replay_subject, task_subject
from amber.bus.reading import read_json
from amber.errands.hearing import HEARS
from amber.errands.late import Enrich
from amber.errors import Reject
from amber.kernel import Kernel
from amber.model import Project

LOOK = 1000
"""Facts looked at in one step."""
EVENTS = 20
"""Events in one task: few enough to be enriched well within a budget."""
AHEAD = 200
"""Facts, or tasks, that may wait for the plugin; while more do, it is fed nothing."""
KEEP_EVERY = 1.0
"""Seconds between two notes of the position."""
FOR_GOOD = "\x00"
"""The place of a project all of whose events were fed; no store gives such a cursor out."""
Span = tuple[int, int]


class Replay(Struct, frozen=True):
    """What a plugin is fed, and how far that is. Times are Unix seconds; `project` is 0 for all projects.

    `after` is the last fact that was dealt with, `places` the cursors of projects in their stored events, `fed` how
    many of those it was fed. `told` are the facts of stream `stream` that this and earlier replays fed, as first and
    last number, by project.
    """

    id: str
    plugin: str
    since: float
    until: float
    project: int = 0
    after: int = 0
    places: Mapping[str, str] = {}
    facts: int = 0
    fed: Mapping[str, int] = {}
    at: float = 0.0
    is_done: bool = False
    stream: str = ""
    told: Mapping[str, tuple[Span, ...]] = {}

    @property
    def events(self) -> int:
        """Stored events that it was fed."""
        return sum(self.fed.values())

    @property
    def is_running(self) -> bool:
        """Whether somebody seems to be at it right now."""
        return not self.is_done and time.time() - self.at < 10 * KEEP_EVERY


class Plan(Struct, frozen=True):
    """How much there is to feed: facts by type, stored events by the project's slug. `known` facts were fed before."""

    facts: Mapping[str, int]
    events: Mapping[str, int]
    known: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.facts.values()) + sum(self.events.values())


class Feeder:
    """Feeds a plugin; what it is fed waits in its own queue, where it is tried again and dead-lettered as ever."""

    def __init__(self, kernel: Kernel, bus: Bus, replay: Replay, rate: float) -> None:
        self._kernel, self._bus, self.replay, self._rate = kernel, bus, replay, rate
        self._due = self._looked = self._kept = 0.0
        self.on_fed: Callable[[int], None] = lambda count: None

    # --- what there is --------------------------------------------------------------------------------------------

    async def plan(self) -> Plan:
        """What is left to feed; nothing is fed."""
        facts: Counter[str] = Counter()
        known = 0
        async for message in self._facts():
            if self._was_told(message):
                known += 1
            else:
                facts[message.subject.removeprefix("amber.v1.fact.").rpartition(".")[0]] += 1
        events = {project.slug: count for project in await self._projects() if (count := await self._held(project))}
        return Plan(facts, events, known)

    async def _held(self, project: Project) -> int:
        if not self._answers("enrich_events") or self.replay.places.get(str(project.id)) == FOR_GOOD:
            return 0
        store, replay = self._kernel.stores.events, self.replay
        before = await asyncio.to_thread(store.held, project.id, replay.until)
        after = await asyncio.to_thread(store.held, project.id, replay.since)
        return max(0, before.older - after.older - replay.fed.get(str(project.id), 0))

    async def _facts(self) -> AsyncIterator[Message]:
        """The facts the plugin may hear, of the time that was asked for, without their data."""
        manifest = self._kernel.registry.plugins[self.replay.plugin].manifest
        kinds = manifest.rights.facts if manifest and any(map(self._answers, HEARS)) else ()
        subjects = [fact_subject(kind, self.replay.project or "*") for kind in kinds]
        after = self.replay.after
        while subjects and (messages := (await self._bus.glance(FACTS, subjects, after, LOOK)).messages):
            for message in messages:
                after = message.seq
                if message.at >= self.replay.until:
                    return
                if message.at >= self.replay.since:
                    yield message

    async def _projects(self) -> Sequence[Project]:
        directory = self._kernel.stores.directory
        homes = await asyncio.to_thread(directory.organisations)
        every = [one for home in homes for one in await asyncio.to_thread(directory.projects, home.id)]
        return [one for one in every if self.replay.project in (0, one.id)]

    def _answers(self, hook: str) -> bool:
        return self._kernel.dispatcher.answers(self.replay.plugin, hook)

    def _was_told(self, message: Message) -> bool:
        told, project = self.replay.told, message.subject.rpartition(".")[2]
        spans = (*told.get("0", ()), *told.get(project, ())) if message.stream == self.replay.stream else ()
        return any(first <= message.seq <= last for first, last in spans)

    # --- feeding --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Feed all of it; the position is kept whenever this ends, and every second before."""
        try:
            await self._feed_facts()
            if self._answers("enrich_events"):
                for project in await self._projects():
                    await self._feed_events(project)
            self.replay = replace(self.replay, is_done=True)
        finally:
            self.replay = replace(self.replay, at=0.0)
            await keep(self._bus, self.replay)

    async def _feed_facts(self) -> None:
        begun = 0
        async for message in self._facts():
            begun = begun or message.seq
            known = self._was_told(message)
            if not known:
                await self._feed_fact(message)
            after, told = message.seq, self._told_with(begun, message)
            done = self.replay.facts + (not known)
            self.replay = replace(self.replay, after=after, facts=done, stream=message.stream, told=told)
            await self._keep_now_and_then()

    def _told_with(self, begun: int, message: Message) -> Mapping[str, tuple[Span, ...]]:
        replay, name = self.replay, str(self.replay.project)
        earlier = replay.told if message.stream == replay.stream else {}
        return {**earlier, name: joined((*earlier.get(name, ()), (begun, message.seq)))}

    async def _feed_fact(self, message: Message) -> None:
        whole = await self._bus.browse(FACTS, message.seq - 1, 1)
        if whole and whole[0].seq == message.seq:  # it may have grown too old meanwhile
            subject, mark = task_subject(self.replay.plugin, "fact"), f"replay-{self.replay.id}-{message.seq}"
            await self._wait_for("again", 1)
            await self._bus.publish(subject, whole[0].data, mark)
            self.on_fed(1)

    async def _feed_events(self, project: Project) -> None:
        store, name = self._kernel.stores.events, str(project.id)
        while (place := self.replay.places.get(name, "")) != FOR_GOOD:
            page = await asyncio.to_thread(
                store.oldest_events, project.id, self.replay.until, place, EVENTS, self.replay.since
            )
            if page.items:
                await self._wait_for("enrich", len(page.items))
                task = Enrich(project.id, tuple(one.event_id for one in page.items))
                mark = f"replay-{self.replay.id}-{project.id}-{place}"
                await self._bus.publish(task_subject(self.replay.plugin, "enrich"), msgspec.json.encode(task), mark)
                self.on_fed(len(page.items))
            places = {**self.replay.places, name: page.next or FOR_GOOD}
            fed = {**self.replay.fed, name: self.replay.fed.get(name, 0) + len(page.items)}
            self.replay = replace(self.replay, places=places, fed=fed)
            await self._keep_now_and_then()

    async def _wait_for(self, queue: str, count: int) -> None:
        """Wait until it is time for so many more, and until few enough wait for the plugin."""
        while (rest := self._due - time.monotonic()) > 0:
            await self._keep_now_and_then()
            await asyncio.sleep(min(rest, KEEP_EVERY))
        self._due = time.monotonic() + count / self._rate
        while time.monotonic() - self._looked > 0.5:
            waiting = await self._waiting(f"{queue}-{self.replay.plugin}")
            self._looked = time.monotonic() if waiting <= AHEAD else 0.0
            if waiting > AHEAD:
                await self._keep_now_and_then()
                await asyncio.sleep(0.5)

    async def _waiting(self, consumer: str) -> int:
        standings = await self._bus.standings()
        return sum(one.waiting + one.in_hand for one in standings if (one.stream, one.name) == (TASKS.name, consumer))

    async def _keep_now_and_then(self) -> None:
        if time.monotonic() - self._kept > KEEP_EVERY:
            self.replay, self._kept = replace(self.replay, at=time.time()), time.monotonic()
            await keep(self._bus, self.replay)


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch made one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


async def keep(bus: Bus, replay: Replay) -> None:
    """Keep how far a replay is. Raises Unavailable."""
    await bus.publish(replay_subject(replay.plugin), msgspec.json.encode(replay))


async def last_replay(bus: Bus, plugin: str) -> Replay | None:
    """How far the last replay of a plugin came; None where there was none. Raises Unavailable."""
    found: Replay | None = None
    for message in await bus.browse(REPLAYS, 0, 10_000):
        if message.subject == replay_subject(plugin):
            try:
                found = read_json(message.data, Replay, "a replay")
            except Reject:
                found = None  # whatever somebody else put there is no replay of ours
    return found
