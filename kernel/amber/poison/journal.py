"""What a worker has in hand, noted where it outlives the worker: who starts next knows what its predecessor died over.

Each worker on a data folder holds one place (`workers/<number>.journal`) under a lock that ends with its process; the
next to start takes the first place that is free, and with it what stands there. A note is one write into the page
cache: it outlives `kill -9`, and after a loss of power nothing it says is believed.
"""

import asyncio
import fcntl
import logging
import os
import re
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

log = logging.getLogger("amber.journal")
PLACES = 256
SIZE = 64 << 10
BOOT = Path("/proc/sys/kernel/random/boot_id")
LATE = re.compile(r"Timeout \((\d+):(\d+):([\d.]+)\)!")
Hand = tuple[str, str, list[int]]
"""A consumer, the identity of its stream, and the numbers of the messages it has in hand."""


class Note(Struct, frozen=True, array_like=True):
    """What was going on. `is_alone`: nothing but one message was in hand, and `plugin`, `hook` and `part` (of that
    message) say what was under way.
    """

    life: str
    boot: str
    hands: tuple[Hand, ...] = ()
    is_alone: bool = False
    plugin: str = ""
    hook: str = ""
    part: str = ""
    pid: int = 0


class Death(Struct, frozen=True):
    """How the last worker in this place ended, with messages in hand. `trace` is what its threads were at."""

    note: Note
    cause: str
    trace: str


class Journal:
    """The notes of one process; without a file, they are kept nowhere."""

    def __init__(self, file: Path | None = None, ended: str = "") -> None:
        self._life, self._boot = uuid.uuid4().hex, boot_id()
        self._hands: dict[int, Hand] = {}
        self._is_alone, self._under_way = False, ("", "", "")
        self._task: asyncio.Task[Any] | None = None
        self._descriptor = -1
        self._keys = 0
        self.death: Death | None = None
        self.trace_file: Path | None = None
        if file is not None:
            self._take(file, ended)

    def _take(self, file: Path, ended: str) -> None:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise
        self.trace_file = file.with_suffix(".trace")
        note = read(os.pread(self._descriptor, SIZE, 0))
        if note is not None and note.hands and note.boot == self._boot:
            trace = self.trace_file.read_text("utf-8", "replace") if self.trace_file.exists() else ""
            self.death = Death(note, cause_of(trace, code_of(ended, note.pid)), trace)

    def begin(self) -> None:
        """Forget the predecessor: what is to be learnt from its death has been told."""
        self.death = None
        if self._descriptor >= 0:  # its blocks are there before the disk may be full
            os.pwrite(self._descriptor, bytes(SIZE), 0)
        self._write()

    def key(self) -> int:
        """What tells one consumer's hand from another's."""
        self._keys += 1
        return self._keys

    def hold(self, key: int, consumer: str, stream: str, numbers: Sequence[int]) -> None:
        """These messages are in hand."""
        self._hands[key] = (consumer, stream, list(numbers))
        self._write()

    def drop(self, key: int) -> None:
        """They are settled."""
        self._hands.pop(key, None)
        self._is_alone, self._under_way = False, ("", "", "")
        self._write()

    def alone(self, key: int, consumer: str, stream: str, number: int) -> None:
        """Nothing but this message is in hand from now on."""
        self._is_alone, self._task = True, asyncio.current_task()
        self.hold(key, consumer, stream, [number])

    def part(self, name: str) -> None:
        """This part of the lone message is under way."""
        self._step("", "", name)

    def call(self, plugin: str, hook: str) -> None:
        """A plugin is being asked; empty names: no longer. Costs nothing while nobody stands alone."""
        if self._is_alone and asyncio.current_task() is self._task:  # not what a schedule has done meanwhile
            self._step(plugin, hook, self._under_way[2])

    def _step(self, plugin: str, hook: str, part: str) -> None:
        if self._is_alone:
            self._under_way = (plugin, hook, part)
            self._write()

    def _write(self) -> None:
        if self._descriptor < 0:
            return
        note = Note(self._life, self._boot, tuple(self._hands.values()), self._is_alone, *self._under_way, os.getpid())
        try:
            os.pwrite(self._descriptor, framed(note), 0)
        except OSError as error:  # items matter more than knowing what they might die of
            log.error("the journal cannot be written, so a death would have to be looked into by hand: %s", error)

    def close(self) -> None:
        """Leave the place."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_journal(data: Path, ended: str = "") -> Journal:
    """The journal of the first free place in a data folder. `ended` is what a supervisor tells of the last process."""
    folder = data / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PLACES):
        try:
            return Journal(folder / f"{number}.journal", ended)
        except BlockingIOError:
            continue
    log.error("%d workers run on this folder; this one keeps no journal", PLACES)
    return Journal()


def framed(note: Note) -> bytes:
    """A note with its length and checksum: a write that was cut short is no note."""
    body = msgspec.msgpack.encode(note)
    return len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body


def read(data: bytes) -> Note | None:
    """A note as it was written; None where there is none that is whole."""
    length, checksum = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
    body = data[8 : 8 + length]
    if not length or len(body) < length or zlib.crc32(body) != checksum:
        return None
    try:
        return msgspec.msgpack.decode(body, type=Note)
    except msgspec.MsgspecError:
        return None


def code_of(ended: str, pid: int) -> int | None:
    """The exit code in `<process id> <exit code>`; None where it is another process's."""
    whose, _, code = ended.partition(" ")
    return int(code) if whose == str(pid) else None


def cause_of(trace: str, code: int | None = None) -> str:
    """How a process ended, by what faulthandler wrote of it and its exit code, where that is known."""
    first = trace.strip().partition("\n")[0]
    if late := LATE.match(first):
        return f"hung for {int(late[1]) * 3600 + int(late[2]) * 60 + float(late[3]):g} s"
    if first.startswith("Fatal Python error: Aborted"):
        return "was aborted, by itself or because it hung"
    if first.startswith("Fatal Python error: "):
        return f"died of a {first.removeprefix('Fatal Python error: ').strip().lower()}"
    if code is None:
        return "was killed, or ended itself"
    return f"was killed by signal {-code}" if code < 0 else f"ended itself with exit code {code}"


def boot_id() -> str:
    """What tells one start of this machine from the next; empty where nobody can tell."""
    return BOOT.read_text().strip() if BOOT.exists() else ""
