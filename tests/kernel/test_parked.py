"""Bodies too large for the bus: none goes that anything names, and none stays that nothing names."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from amber.bus import DEAD, ITEMS, Bus, Message
from amber.bus.connect import NatsBus
from amber.delivering.delivery import DeadLetters
from amber.desks.deadletters import LetterDesk, Parts
from amber.digesting.setaside import SetAside
from amber.errors import Unavailable
from amber.metrics import Metrics
from amber.model import AuditEntry, Submission
from amber.parked import ParkedBodies, key_of
from amber.testing.memorybus import MemoryBus
from amber.testing.nats import NatsServer
from amber.wire import frames

pytestmark = pytest.mark.anyio
DAY = 24 * 3600.0
SUBJECT = "amber.v1.item.1"
AUDIT = AuditEntry(1, "user:1", "letter.retry", "", 0.0)


class Shelf:
    """A blob store with the time each key was put, and a directory that knows nobody."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, float]] = {}

    def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data, time.time()

    def get(self, key: str) -> bytes | None:
        return self.kept[key][0] if key in self.kept else None

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    def keys(self, prefix: str, before: float) -> Iterator[str]:
        return (key for key, (_, at) in self.kept.items() if key.startswith(prefix) and at < before)

    def project(self, ref: str) -> None:
        """There is none."""

    def note_change(self, audit: AuditEntry) -> None:
        """Nobody reads it."""


class Yard:
    """A bus, and bodies beside it; `now` is what the clock shows."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.shelf, self.now = bus, Shelf(), time.time()
        shelf: Any = self.shelf
        self.parked = ParkedBodies(lambda: bus, lambda: shelf)
        self.letters = DeadLetters(bus, Metrics())
        self.aside = SetAside(bus, self.letters, shelf)
        self.desk = LetterDesk(Parts(lambda: bus, lambda: shelf, lambda: shelf))

    def park(self, name: str, days: float = 0) -> bytes:
        """Park a body so many days ago; the frame that names it."""
        key, at = key_of(1, name), self.now - days * DAY
        self.shelf.kept[key] = b"large", at
        return frames.encode([Submission(name, "sentry", "envelope", 1, at, blob=key)])

    async def die(self, name: str, days: float = 0) -> None:
        """Park a body whose submission dies."""
        message = Message("ITEMS@1", len(self.shelf.kept), SUBJECT, self.park(name, days))
        await self.letters.add(ITEMS.name, "sentry", "it broke", message)

    async def left(self, days: float = 0) -> list[str]:
        """What a sweep in so many days leaves."""
        await self.parked.sweep(self.now + days * DAY)
        return sorted(key.rpartition("/")[2] for key in self.shelf.kept)


@pytest.fixture(params=["nats", "memory"])
async def yard(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Yard]:
    bus: Bus = MemoryBus()
    if request.param == "nats":
        server: NatsServer = request.getfixturevalue("nats_server")
        bus = await NatsBus(server.config).connect()
    yield Yard(bus)
    await bus.close()


async def test_what_nothing_names_goes_once_it_is_too_old_to_be_on_its_way(yard: Yard) -> None:
    yard.park("old", 1.1)
    yard.park("young", 0.9)
    yard.shelf.kept["1/ab/attachment"] = b"", 0.0
    assert await yard.parked.sweep(yard.now) == 1
    assert await yard.left() == ["attachment", "young"]


async def test_what_waits_keeps_its_body_for_as_long_as_it_takes(yard: Yard) -> None:
    await yard.bus.publish(SUBJECT, yard.park("waiting"))
    yard.park("older", 2)
    assert await yard.left(days=400) == ["waiting"]
    [message] = await yard.bus.browse(ITEMS, 0, 9)
    await yard.bus.delete(ITEMS, message.seq)
    assert await yard.left(days=400) == []


async def test_what_lies_dead_keeps_its_body_until_it_is_forgotten(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amber.parked.PAGE", 1)
    await yard.die("second", 5)
    await yard.die("first", 10)
    await yard.die("third", 1)
    yard.park("before", 12)
    assert await yard.left(days=20) == ["first", "second", "third"]
    await yard.bus.delete(DEAD, 2)
    assert await yard.left(days=20) == ["second", "third"]


async def test_what_is_handed_back_late_keeps_its_body(yard: Yard) -> None:
    await yard.die("late", 29)
    assert await yard.desk.retry([1], None, AUDIT) == 1
    assert await yard.left() == ["late"]


async def test_a_part_of_a_frame_that_waited_for_long_keeps_its_body(yard: Yard) -> None:
    frame = yard.park("waited", 40)
    await yard.aside.split(Message("ITEMS@1", 1, SUBJECT, frame), frames.decode(frame))
    assert await yard.left() == ["waited"]


async def test_a_body_that_is_gone_is_no_hindrance_to_a_letter_that_is_handed_back(yard: Yard) -> None:
    await yard.die("gone")
    yard.shelf.kept.clear()
    assert await yard.desk.retry([1], None, AUDIT) == 1
    assert yard.shelf.kept == {}


async def test_a_frame_that_nobody_can_read_names_nothing_and_hinders_nothing_for_ever(yard: Yard) -> None:
    await yard.letters.add(ITEMS.name, "digest", "no frame", Message("ITEMS@1", 1, SUBJECT, b"broken"))
    assert await yard.desk.drop([1], None, AUDIT) == 1
    yard.park("old", 2)
    assert await yard.left() == []


async def test_without_a_bus_nothing_is_deleted(yard: Yard) -> None:
    yard.park("old", 2)
    shelf: Any = yard.shelf
    with pytest.raises(Unavailable, match="no bus"):
        await ParkedBodies(lambda: None, lambda: shelf).sweep(yard.now)
    assert len(yard.shelf.kept) == 1
