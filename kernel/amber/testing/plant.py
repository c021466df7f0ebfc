"""A digest behind a bus in memory, with stores in dictionaries: send submissions, digest, see what became of them."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from amber.bus import DEAD, ITEMS
from amber.delivering.delivery import Verdict
from amber.digesting.digest import Digest
from amber.digesting.storing import Stores
from amber.errors import AlreadyApplied, Unavailable
from amber.model import (
    ACCEPTED,
    Applied,
    Batch,
    Decoded,
    Event,
    Feedback,
    GroupedEvent,
    Handled,
    IngestProtocol,
    Item,
    ItemHandler,
    OutcomeCount,
    Project,
    StoredEvent,
    Submission,
)
from amber.testing.memorybus import MemoryBus
from amber.wire import frames

ITEM = "amber.v1.item.0"
HOUR = 472_222


class FakeStores:
    """Stores in dictionaries, as far as a digest uses them; `away` makes each of them unavailable."""

    def __init__(self) -> None:
        self.stored: dict[tuple[int, str], GroupedEvent] = {}
        self.feedback: list[Feedback] = []
        self.batches: list[Batch] = []
        self.marks: set[tuple[str, int]] = set()
        self.deleted: list[tuple[Any, ...]] = []
        self.counted: list[OutcomeCount] = []
        self.kept: dict[str, bytes] = {}
        self.projects: dict[str, Project] = {"1": Project(1, 1, "shop", "Shop", "python", 0.0)}
        self.gone: dict[
            tuple[int, str], list[str]
        ] = {}  # events that retention has let go, with the blobs of their files
        self.written: dict[tuple[int, str], StoredEvent] = {}  # what the event store holds already
        self.away, self.race = False, frozenset[tuple[str, int]]()

    def stores(self) -> Stores:
        events: Any = SimpleNamespace(
            write_events=self._write,
            get_event=lambda project, event_id: self.written.get((project, event_id)),
            write_feedback=self.feedback.extend,
            attachments_of=lambda project, ids: [SimpleNamespace(blob=one) for one in self.gone[project, ids[0]]],
            delete_events=lambda project, ids: self.deleted.append((project, *ids)),
        )
        issues: Any = SimpleNamespace(applied=self._applied, apply=self._apply)
        blobs: Any = SimpleNamespace(
            get=self.kept.get, put=self.kept.__setitem__, delete=lambda key: self.kept.pop(key, None)
        )
        directory: Any = SimpleNamespace(project=self.projects.get)
        return Stores(events, issues, blobs, directory)

    def _write(self, events: Sequence[GroupedEvent]) -> frozenset[tuple[int, str]]:
        if self.away:
            raise Unavailable("the event store is away")
        return frozenset(self.written)

    def _applied(self, marks: Sequence[tuple[str, int]]) -> frozenset[tuple[str, int]]:
        return frozenset(self.marks.intersection(marks)) - self.race

    def _apply(self, batch: Batch) -> Applied:
        if self.marks.intersection(batch.marks):
            self.race = frozenset()
            raise AlreadyApplied(frozenset(self.marks.intersection(batch.marks)))
        new = {(one.event.project, one.event.id): one for one in batch.events} | self.stored
        count = len(new) - len(self.stored)
        self.stored = new
        self.marks.update(batch.marks)
        self.batches.append(batch)
        repeats = len(batch.events) - count
        told = [OutcomeCount(1, one.event.category, "stored", hour=HOUR) for one in batch.events[:count]]
        told += [OutcomeCount(1, one.event.category, "filtered", "duplicate", 1, HOUR) for one in batch.events[count:]]
        self.counted += [*told, *batch.outcomes]
        gone = tuple(id for one in batch.events if (id := (one.event.project, one.event.id)) in self.gone)
        return Applied(count, repeats, (*told, *batch.outcomes), gone)

    def ids(self) -> list[str]:
        return sorted(event_id.lstrip("0") for _, event_id in self.stored)

    def outcomes(self) -> list[tuple[str, str, str]]:
        """What batches brought beside their events; what was accepted follows from the rest."""
        every = (one for batch in self.batches for one in batch.outcomes if one.outcome != ACCEPTED)
        return sorted((one.category, one.outcome, one.reason) for one in every for _ in range(one.quantity))


def decode(submission: Submission) -> Decoded:
    """A tiny protocol: each word is an event, an item or trouble, by its first letter."""
    events, items, outcomes = [], [], []
    for position, word in enumerate(submission.body.decode().split()):
        kind, rest = word[0], word[1:]
        if position in submission.dropped:
            continue
        if kind == "!":
            raise ValueError("cannot be decoded")
        if kind in "ef":
            type, data = ("error", {"poison": "x" in rest}) if kind == "e" else ("feedback", CONTEXTS)
            events.append(Event(f"{rest:0>32}", submission.project, type, 1.7e9, HOUR * 3600.0, data))
        elif kind == "i":
            items.append(
                Item(f"{submission.id}:{position}", "log", "log", submission.project, HOUR * 3600.0, rest.encode())
            )
        else:
            outcomes.append(OutcomeCount(submission.project, "error", "invalid", word))
    return Decoded(tuple(events), tuple(items), tuple(outcomes))


CONTEXTS = {"contexts": {"feedback": {"message": "it broke", "contact_email": "a@b", "associated_event_id": "e" * 32}}}


def protocol(function: Any = decode) -> IngestProtocol:
    nothing: Any = None
    return IngestProtocol("tiny", (), nothing, nothing, nothing, nothing, function)


def scrub_events(events: Sequence[Event]) -> Sequence[Event]:
    if any(event.data.get("poison") for event in events):
        raise ValueError("poison")
    return events


def submission(id: str, words: str, project: int = 1, **more: Any) -> Submission:
    meta = {"categories": ["log" if word[0] == "i" else "error" for word in words.split()]}
    return Submission(id, "tiny", "in", project, HOUR * 3600.0, meta=meta, body=words.encode(), **more)


class Plant:
    """A digest behind a bus: send submissions, digest everything, see what became of it."""

    def __init__(self, house: Any, bus: MemoryBus) -> None:
        self.house, self.bus, self.stores = house, bus, FakeStores()
        self.rings = 0
        self.protocols = {"tiny": protocol()}
        house.add("scrub", scrub_events)

    async def start(self) -> None:
        dispatcher, stores = self.house.dispatcher, self.stores.stores()
        self.digest = Digest(dispatcher, self.bus, stores, self.house.metrics)
        self.digest.on_stored = self._ring
        await self.digest.start(self.protocols)
        self.consumer = await self.bus.consume(ITEMS, "digest", [ITEMS.subjects], 60)

    def _ring(self) -> None:
        self.rings += 1

    async def send(self, *submissions: Submission) -> None:
        """One frame."""
        await self.bus.publish(ITEM, frames.encode(submissions))

    async def run(self) -> list[Verdict]:
        """Digest until nothing is left; the verdicts that were not None."""
        verdicts: list[Verdict] = []
        while messages := await self.consumer.fetch(10, 0):
            for message, verdict in zip(messages, await self.digest.handle(messages), strict=True):
                if verdict is None:
                    await self.consumer.ack(message)
                else:
                    verdicts.append(verdict)
        return verdicts

    async def dead(self) -> list[tuple[str, str]]:
        """Dead letters: the plugin named and the submissions inside."""
        letters = await self.bus.browse(DEAD, 0, 99)
        return [(one.headers["Amber-Plugin"], ",".join(s.id for s in frames.decode(one.data))) for one in letters]


def claim(plant: Plant, handle: Callable[..., Any]) -> None:
    plant.house.add("logs", item_handlers=lambda: [ItemHandler(("log",), handle)], budget_ms=50)


def choosy(error: Exception) -> Callable[..., Any]:
    def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        if any(b"x" in item.payload for item in items):
            raise error
        return [Handled() for _ in items]

    return handle
