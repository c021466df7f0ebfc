"""The desk where dead letters are looked after: listed, opened, handed back and dropped, by whoever may."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from amber.bus import DEAD, FACTS, ITEMS, TASKS, Bus, Glance, Message, dead_subject, task_subject
from amber.desks.originals import Original, open_original
from amber.errors import Reject, Unavailable
from amber.model import AuditEntry, BlobStore, Directory, Letter, LetterFilter, Page, Seen
from amber.parked import named_by, renew
from amber.poison.letters import FIRST, PART, RETRIED, TRIES, delivery_key, read_letter

WINDOW = 200
"""Numbers looked at in one step; doubled with each step, because dropped letters leave gaps."""
WIDTH = 8
"""Letters that are handed back or dropped side by side."""
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,18}")
Deed = Callable[[Message], Awaitable[None]]


class LetterPage(Struct, frozen=True):
    """One page of letters, how many there are of the kind in all, and the number of the newest letter of any kind."""

    page: Page[Letter]
    total: int
    newest: int


class Swept(Struct, frozen=True):
    """How many letters a bulk deed took, and how many it left because they are more than it does at once."""

    done: int
    left: int


class Parts(NamedTuple):
    """What the desk works with, asked for when it is needed."""

    bus: Callable[[], Bus | None]
    directory: Callable[[], Directory]
    blobs: Callable[[], BlobStore]


class LetterDesk:
    """What plugins reach as `ctx.kernel("dead_letters")`.

    Letters outside what somebody may see are answered like those that do not exist: Reject with 404. Whatever is
    opened, handed back or dropped is in the audit log of the organisation it belongs to, before it is done. Every
    method raises Unavailable while the bus is away.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(
        self, wanted: LetterFilter, cursor: str = "", limit: int = 50, oldest_first: bool = False
    ) -> LetterPage:
        """Letters, newest first unless told otherwise. Raises Reject for a cursor that is none."""
        if cursor and not NUMBER.fullmatch(cursor):
            raise Reject("this cursor is none of this list")
        peek = await self._glance(wanted, 0, 0)
        walk = self._upwards if oldest_first else self._downwards
        start = int(cursor or (0 if oldest_first else peek.last + 1))
        found = await walk(wanted, start, limit + 1)
        page = Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)
        is_narrow = bool(wanted.text or wanted.until)
        total = len(await self._upwards(wanted, 0, peek.total)) if is_narrow and peek.total else peek.total
        return LetterPage(page, total, peek.last)

    async def _glance(self, wanted: LetterFilter, after: int, limit: int) -> Glance:
        subjects = _subjects(wanted)  # none at all would mean every subject there is
        return await self._bus().glance(DEAD, subjects, after, limit) if subjects else Glance([], 0, 0)

    async def _upwards(self, wanted: LetterFilter, after: int, limit: int) -> list[Letter]:
        found: list[Letter] = []
        size = max(WINDOW, limit)
        while len(found) < limit:
            messages = (await self._glance(wanted, after, size)).messages
            found += [letter for letter in map(read_letter, messages) if _takes(wanted, letter)]
            if len(messages) < size or 0 < wanted.until < messages[-1].seq:
                break
            after = messages[-1].seq
        return found[:limit]

    async def _downwards(self, wanted: LetterFilter, before: int, limit: int) -> list[Letter]:
        found: list[Letter] = []
        size = max(WINDOW, limit)
        while before > 1 and len(found) < limit:
            after = max(0, before - 1 - size)
            messages = (await self._glance(wanted, after, before - 1 - after)).messages
            letters = [read_letter(message) for message in messages if message.seq < before]
            found += [letter for letter in reversed(letters) if _takes(wanted, letter)]
            before, size = after + 1, size * 2
        return found[:limit]

    async def get(self, number: int, seen: Seen) -> Letter:
        """One letter. Raises Reject (404)."""
        return read_letter(await self._find(number, seen))

    async def open(self, number: int, seen: Seen, audit: AuditEntry) -> Original:
        """One letter with its original, which holds what scrubbing would have taken out. Raises Reject (404)."""
        message = await self._find(number, seen)
        await asyncio.to_thread(self._note, audit, [read_letter(message)])
        return await asyncio.to_thread(open_original, message, self._parts.blobs())

    async def retry(self, numbers: Sequence[int], seen: Seen, audit: AuditEntry) -> int:
        """Hand letters back to where they came from; how many that were. Raises Reject (404), before anything is done,
        if one is not there.
        """
        return await self._do([await self.get(number, seen) for number in numbers], self._hand_back, audit)

    async def drop(self, numbers: Sequence[int], seen: Seen, audit: AuditEntry) -> int:
        """Forget letters for good; how many that were. Raises Reject (404), before anything is done, if one is not
        there.
        """
        return await self._do([await self.get(number, seen) for number in numbers], self._forget, audit)

    async def retry_all(self, wanted: LetterFilter, limit: int, audit: AuditEntry) -> Swept:
        """Hand back all that match, oldest first, up to a limit."""
        return await self._sweep(wanted, limit, self._hand_back, audit)

    async def drop_all(self, wanted: LetterFilter, limit: int, audit: AuditEntry) -> Swept:
        """Forget all that match, oldest first, up to a limit."""
        return await self._sweep(wanted, limit, self._forget, audit)

    async def _sweep(self, wanted: LetterFilter, limit: int, deed: Deed, audit: AuditEntry) -> Swept:
        found = await self.page(wanted, limit=limit, oldest_first=True)
        done = await self._do(found.page.items, deed, audit) if found.total else 0
        return Swept(done, found.total - len(found.page.items))

    async def _do(self, letters: Sequence[Letter], deed: Deed, audit: AuditEntry) -> int:
        await asyncio.to_thread(self._note, audit, letters)
        done = 0
        for start in range(0, len(letters), WIDTH):
            done += sum(await asyncio.gather(*(self._act(one.id, deed) for one in letters[start : start + WIDTH])))
        return done

    async def _act(self, number: int, deed: Deed) -> bool:
        """Do it to one letter; False where somebody else was quicker."""
        found = await self._bus().browse(DEAD, number - 1, 1)
        if not found or found[0].seq != number:
            return False
        await deed(found[0])
        return True

    async def _hand_back(self, message: Message) -> None:
        """Publish, then take the letter out. Between the two it is in both places, and still counted once: the message
        bears the letter's mark.
        """
        letter = read_letter(message)
        if not letter.subject:
            raise Reject(f"dead letter {letter.id} does not say where it came from; it can only be dropped", status=409)
        mark = f"{message.stream}/{message.seq}"
        headers = {RETRIED: mark, FIRST: str(letter.first_at), TRIES: str(letter.retries + 1)}
        if PART in message.headers:  # two letters of one original, should there ever be two, bear one mark
            headers[PART] = message.headers[PART]
        await renew(_bodies(message), self._parts.blobs())
        await self._bus().publish(_home(letter), message.data, f"letter-{mark}", headers)
        await self._bus().delete(DEAD, message.seq)

    async def _forget(self, message: Message) -> None:
        await self._bus().delete(DEAD, message.seq)
        for key in _bodies(message):
            await asyncio.to_thread(self._parts.blobs().delete, key)

    async def _find(self, number: int, seen: Seen) -> Message:
        found = await self._bus().browse(DEAD, number - 1, 1) if number > 0 else []
        is_there = bool(found) and found[0].seq == number
        if not is_there or not (seen is None or read_letter(found[0]).project in seen):
            raise Reject(f"there is no dead letter {number}", status=404)
        return found[0]

    def _note(self, audit: AuditEntry, letters: Sequence[Letter]) -> None:
        """Write down what is about to be done, for each organisation whose letters it touches."""
        directory = self._parts.directory()
        projects = {one: directory.project(str(one)) for one in {letter.project for letter in letters} if one}
        homes: dict[int, list[Letter]] = {}
        for letter in letters:
            project = projects.get(letter.project)
            homes.setdefault(project.organisation if project else audit.organisation, []).append(letter)
        for organisation, theirs in homes.items():
            directory.note_change(_told(audit, organisation, theirs))

    def _bus(self) -> Bus:
        bus = self._parts.bus()
        if bus is None:
            raise Unavailable("this process has no bus, and dead letters lie on it")
        return bus


async def forget_delivery(bus: Bus, plugin: str, target: int, notification: str) -> None:
    """Take out the letters of a delivery that was queued anew. Raises Unavailable."""
    key, subjects = delivery_key(target, notification), _subjects(LetterFilter(None, plugin, TASKS.name))
    if subjects:
        every = await bus.glance(DEAD, subjects, 0, 1_000_000)
        for letter in map(read_letter, every.messages):
            if letter.key == key:
                await bus.delete(DEAD, letter.id)


def _subjects(wanted: LetterFilter) -> list[str]:
    """Where these letters lie; nowhere, if none of them may be seen."""
    if not all(PLAIN.fullmatch(one) for one in (wanted.plugin, wanted.stream) if one):
        return []
    stream, plugin = wanted.stream or "*", wanted.plugin or "*"
    if wanted.seen is None and not wanted.project:
        whole = dead_subject(stream, plugin, "*")
        return [whole, whole.removesuffix(".*")]  # letters of older versions have no project in their subject
    projects = wanted.seen if wanted.seen is not None else {wanted.project}
    return [dead_subject(stream, plugin, one) for one in sorted(projects) if wanted.project in (0, one)]


def _takes(wanted: LetterFilter, letter: Letter) -> bool:
    """Whether a letter that lies under these subjects is meant."""
    return wanted.text.lower() in letter.reason.lower() and (not wanted.until or letter.id <= wanted.until)


def _told(audit: AuditEntry, organisation: int, letters: Sequence[Letter]) -> AuditEntry:
    """What the audit log says of these letters."""
    if len(letters) == 1:
        one = letters[0]
        about: dict[str, object] = {"plugin": one.plugin, "event": one.event_id, "reason": one.reason[:200]}
        return replace(audit, organisation=organisation, subject=f"dead-letter:{one.id}", after=about)
    numbers, plugins = [letter.id for letter in letters], {letter.plugin for letter in letters}
    about = {"letters": len(letters), "from": min(numbers), "to": max(numbers), "plugins": sorted(plugins)}
    return replace(audit, organisation=organisation, subject="dead-letters", after=about)


def _home(letter: Letter) -> str:
    """Where a letter is handed back to. A fact goes to the plugin that failed on it: all others have heard it."""
    return task_subject(letter.plugin, "fact") if letter.stream == FACTS.name else letter.subject


def _bodies(message: Message) -> list[str]:
    """The keys of bodies in the blob store that belong to a letter alone."""
    return named_by(message.data) if message.headers.get("Amber-Stream") == ITEMS.name else []
