"""What comes from the bus: facts, tasks, switches, pauses, counts, dead letters, words of other processes."""

import asyncio
import gzip
from collections.abc import Callable, Coroutine
from types import SimpleNamespace

from amber.bus import Message, pause_subject, switch_subject
from amber.bus.reading import read_json
from amber.delivering.tasks import TaskHandler
from amber.desks.originals import open_original
from amber.errors import Reject
from amber.ingest import tally
from amber.model import Fact, Submission
from amber.poison.letters import about, headers_of, mark_of, read_letter
from amber.poison.pausing import Pauses
from amber.switches import read_switches
from amber.testing.memorybus import MemoryBus
from amber.watching.status import Board
from amber.wire import frames

from .decoder import Decoder, Run

NO_BLOBS = SimpleNamespace(get=lambda _: None)
STREAMS = ("ITEMS", "TASKS", "FACTS")


def decoders() -> list[Decoder]:
    """Each stream's messages, and what is broadcast."""
    return [
        Decoder("switch", lambda: _read(_switches), ()),
        Decoder("pause", lambda: _read(_pauses), ()),
        Decoder("task", lambda: _read(_task), (Reject,)),
        Decoder("fact", lambda: lambda data: read_json(data, Fact, "a fact"), (Reject,)),
        Decoder("status", lambda: _read(_status), (Reject,)),
        Decoder("letter", _letter, ()),
        Decoder("original", _original, ()),
        Decoder("opened", _opened, (), seeds=lambda: [gzip.compress(b"{}"), b"{}"]),
        Decoder("tally", _tally, (Reject,)),
    ]


def _read(reader: Callable[[bytes], Coroutine[object, object, object]]) -> Run:
    return lambda data: asyncio.run(reader(data))


async def _switches(data: bytes) -> object:
    bus = MemoryBus()
    await bus.publish(switch_subject("slack"), data)
    return await read_switches(bus)


async def _pauses(data: bytes) -> object:
    bus = MemoryBus()
    await bus.publish(pause_subject("digest"), data)
    return await Pauses(bus).all()


class NoTargets:
    """A sender of an Amber whose targets are all gone: a task that is one is done at once."""

    @property
    def directory(self) -> "NoTargets":
        """Itself."""
        return self

    def target(self, target: int) -> None:
        """Gone."""


async def _task(data: bytes) -> object:
    handler = TaskHandler(NoTargets(), "webhook", 8)  # type: ignore[arg-type]  # all of a sender that is asked for
    return await handler.deliver(Message("TASKS@1", 1, "amber.v1.task.webhook.deliver", data))


async def _status(data: bytes) -> object:
    board = Board(clock=lambda: 0.0)
    await board.hear("", data)
    return board.others("me")


def _letter() -> Run:
    """The headers of a dead letter, and of a message that was handed back."""

    def run(data: bytes) -> object:
        pairs = (line.partition(": ") for line in data.decode("latin-1").split("\n"))
        message = Message("DEAD@1", 7, "amber.v1.dead.ITEMS.digest.42", b"", {name: value for name, _, value in pairs})
        return read_letter(message), mark_of(message)

    return run


def _opened() -> Run:
    """A body as somebody looks at it who opens its dead letter, said to be packed in each way."""

    def run(data: bytes) -> object:
        bodies = [Submission("s", "p", "r", 1, 0.0, encoding=one, body=data) for one in ("", "gzip", "deflate", "br")]
        headers = {"Amber-Stream": "ITEMS"}
        return [open_original(Message("DEAD", 1, "s", one, headers), NO_BLOBS) for one in (data, frames.encode(bodies))]

    return run


def _original() -> Run:
    """A frame, a task or a fact that nobody could handle."""

    def run(data: bytes) -> object:
        return [
            headers_of(stream, "digest", "why", Message(stream, 7, "s", data), about(stream, data))
            for stream in STREAMS
        ]

    return run


def _tally() -> Run:
    def run(data: bytes) -> object:
        return tally.decode(Submission("0" * 24, tally.PROTOCOL, "outcomes", 0, 0.0, body=data))

    return run
