"""Who is to blame when a worker dies: messages that were in hand, narrowed down to the part of one that kills.

Every message a worker had in hand when it died is a suspect. Suspects are taken one by one with nothing else in hand,
each step noted in the journal; so the next death names the message, the part of it and the plugin. What was the only
thing in hand at two deaths, in the same place, is guilty. All workers share what is known, over the bus.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import SUSPECTS, Bus, Message, suspect_subject
from amber.bus.reading import read_json
from amber.errors import PluginError, Reject
from amber.poison.journal import Death, Journal

log = logging.getLogger("amber.suspects")
STRIKES = 2
"""Deaths in one place, alone, before the part there is guilty: one may have come from outside."""
LAST_STRIKE = 5
"""Deaths alone, wherever, before the part that was last under way is."""


class Place(Struct, frozen=True):
    """Where a worker died: in which part of a message, in which call of a plugin (empty: in the kernel's own work)."""

    part: str = ""
    plugin: str = ""
    hook: str = ""


class Suspect(Struct, frozen=True):
    """A message that was in hand when a worker died. `guilty` are the parts that are not to be touched again, and why.

    `life` is the last worker whose death was counted, so that none is counted twice.
    """

    consumer: str
    stream: str
    seq: int
    life: str = ""
    place: Place = Place()
    strikes: int = 0
    alone: int = 0
    guilty: tuple[tuple[Place, str], ...] = ()

    def guilt(self, part: str) -> "Guilty | None":
        """Why a part must not be touched; None if it may."""
        for place, cause in self.guilty:
            if place.part == part:
                return Guilty(place.plugin or "kernel", place.hook or "its own work", cause)
        return None


class Guilty(PluginError):
    """It killed workers, and is not tried again."""


class Walk(Struct, frozen=True):
    """One suspect on its way, part by part."""

    suspect: Suspect
    journal: Journal

    def enter(self, part: str) -> Guilty | None:
        """Note that a part is under way from now on; or why it must not be touched."""
        guilt = self.suspect.guilt(part)
        if guilt is None:
            self.journal.part(part)
        return guilt


def blamed(suspect: Suspect, death: Death) -> Suspect:
    """What is known of a suspect after a worker died with it in hand."""
    note = death.note
    if suspect.life == note.life:
        return suspect
    if not note.is_alone:
        return replace(suspect, life=note.life)
    place = Place(note.part, note.plugin, note.hook)
    strikes = suspect.strikes + 1 if place == suspect.place else 1
    alone = suspect.alone + 1
    if strikes < STRIKES and alone < LAST_STRIKE:
        return replace(suspect, life=note.life, place=place, strikes=strikes, alone=alone)
    cause = f"the worker {death.cause} ({alone} times, with nothing else in hand)"
    guilty = (*suspect.guilty, (place, cause))
    return replace(suspect, life=note.life, place=Place(), strikes=0, alone=0, guilty=guilty)


class Turns:
    """Many at once, or one alone: who stands alone when a process dies is not there by chance."""

    def __init__(self) -> None:
        self._many, self._waiting = 0, 0
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Among others; waits while somebody stands alone, or is about to."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting)
            self._many += 1
        try:
            yield
        finally:
            async with self._changed:
                self._many -= 1
                self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """With nobody else."""
        async with self._changed:
            self._waiting += 1
            await self._changed.wait_for(lambda: not self._many)
            self._many = 1
        try:
            yield
        finally:
            async with self._changed:
                self._many = 0
                self._waiting -= 1
                self._changed.notify_all()


class Suspects:
    """What one process knows of the suspects there are."""

    def __init__(self, bus: Bus, journal: Journal) -> None:
        self._bus, self.journal = bus, journal
        self._known: dict[tuple[str, str, int], Suspect] = {}
        self.turns = Turns()

    async def start(self) -> None:
        """Learn what others know, tell them of our predecessor's death. Raises Unavailable."""
        await self._bus.listen(SUSPECTS.subjects, self._hear)
        for message in await self._bus.browse(SUSPECTS, 0, 100_000):
            await self._hear(message.subject, message.data)
        if (death := self.journal.death) is not None:
            await self._tell(death)
        self.journal.begin()

    async def _tell(self, death: Death) -> None:
        note = death.note
        count = sum(len(numbers) for _, _, numbers in note.hands)
        log.error(
            "the worker before this one %s with %d messages in hand; %s", death.cause, count, death.trace or "no trace"
        )
        for consumer, stream, numbers in note.hands:
            for seq in numbers:
                known = self._known.get((consumer, stream, seq)) or Suspect(consumer, stream, seq)
                suspect = blamed(known, death)
                self._known[consumer, stream, seq] = suspect
                await self._bus.publish(suspect_subject(consumer, seq), msgspec.json.encode(suspect))

    async def _hear(self, _: str, data: bytes) -> None:
        with contextlib.suppress(Reject):  # whatever somebody else put there is no suspect of ours
            suspect = read_json(data, Suspect, "a suspect")
            self._known[suspect.consumer, suspect.stream, suspect.seq] = suspect

    def find(self, consumer: str, message: Message) -> Suspect | None:
        """What is known of a message; one that comes for the first time has killed nobody."""
        return self._known.get((consumer, message.stream, message.seq)) if message.delivered > 1 else None

    @contextlib.asynccontextmanager
    async def among(self, key: int, consumer: str, messages: Sequence[Message]) -> AsyncIterator[None]:
        """Messages that nobody suspects are in hand, beside those of others."""
        async with self.turns.shared():
            self.journal.hold(key, consumer, messages[0].stream, [message.seq for message in messages])
            try:
                yield
            finally:
                self.journal.drop(key)

    @contextlib.asynccontextmanager
    async def alone(self, key: int, suspect: Suspect) -> AsyncIterator[Walk]:
        """A suspect is in hand, and nothing else."""
        async with self.turns.alone():
            self.journal.alone(key, suspect.consumer, suspect.stream, suspect.seq)
            try:
                yield Walk(suspect, self.journal)
            finally:
                self.journal.drop(key)

    async def clear(self, suspect: Suspect) -> None:
        """It is settled, and killed nobody. Raises Unavailable."""
        self._known.pop((suspect.consumer, suspect.stream, suspect.seq), None)
        await self._bus.publish(suspect_subject(suspect.consumer, suspect.seq), b"")
