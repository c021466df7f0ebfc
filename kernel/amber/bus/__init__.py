"""The bus: what is published where, and what every implementation of it must do.

`amber.bus.connect.NatsBus` is the real one; `amber.testing.memorybus.MemoryBus` is its twin for unit tests. Both pass
`amber.testing.contract.bus`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

DAY = 24 * 3600


class Stream(Struct, frozen=True):
    """A durable log. `is_queue`: a message is gone once acknowledged. `max_age`: one is gone after so many seconds.

    `is_latest`: of each subject only the last message is kept, for good.
    """

    name: str
    subjects: str
    what: str
    is_queue: bool = False
    max_age: float = 0
    is_latest: bool = False


ITEMS = Stream("ITEMS", "amber.v1.item.>", "frames of submissions, by partition", is_queue=True)
FACTS = Stream("FACTS", "amber.v1.fact.>", "what happened, by type and project", max_age=7 * DAY)
TASKS = Stream(
    "TASKS", "amber.v1.task.>", "work for one plugin, such as a message to deliver", is_queue=True, max_age=3 * DAY
)
DEAD = Stream(
    "DEAD", "amber.v1.dead.>", "what could not be done: the original, headers and the error", max_age=30 * DAY
)
SWITCHES = Stream(
    "KV_amber_plugins", "$KV.amber_plugins.*", "which plugins people switched on or off, by name", is_latest=True
)
PAUSES = Stream(
    "KV_amber_pauses", "$KV.amber_pauses.*", "which consumers are paused, since when and why", is_latest=True
)
SUSPECTS = Stream(
    "KV_amber_suspects",
    "$KV.amber_suspects.*",
    "messages that were in hand when a worker died",
    max_age=DAY,
    is_latest=True,
)
REPLAYS = Stream(
    "KV_amber_replays", "$KV.amber_replays.*", "how far plugins were fed what happened before, by name", is_latest=True
)
DONE = Stream(
    "KV_amber_done",
    "$KV.amber_done.*",
    "what was done and is done once only",
    max_age=7 * DAY,
    is_latest=True,
)
STREAMS = (ITEMS, FACTS, TASKS, DEAD, SWITCHES, PAUSES, SUSPECTS, REPLAYS, DONE)


def item_subject(project: int, partitions: int) -> str:
    """Where a project's submissions go."""
    return f"amber.v1.item.{project % partitions}"


def fact_subject(kind: str, project: int | str) -> str:
    """Where facts of a type about a project go; `*` for all projects."""
    return f"amber.v1.fact.{kind}.{project}"


def task_subject(plugin: str, name: str) -> str:
    """Where tasks for one plugin go, by what is to be done."""
    return f"amber.v1.task.{plugin}.{name}"


def dead_subject(stream: str, plugin: str, project: int | str = 0) -> str:
    """Where messages of a stream go that a plugin could not handle, by project; `0` for none, `*` for any."""
    return f"amber.v1.dead.{stream}.{plugin}.{project}"


def switch_subject(plugin: str) -> str:
    """Where the state that people want of a plugin is kept."""
    return f"$KV.amber_plugins.{plugin}"


def pause_subject(consumer: str) -> str:
    """Where the pause of a consumer is kept."""
    return f"$KV.amber_pauses.{consumer}"


def suspect_subject(consumer: str, seq: int) -> str:
    """Where it is kept what is known of a message that was in hand when a worker died."""
    return f"$KV.amber_suspects.{consumer}-{seq}"


def replay_subject(plugin: str) -> str:
    """Where it is kept how far a plugin was fed what happened before."""
    return f"$KV.amber_replays.{plugin}"


def done_subject(deed: str) -> str:
    """Where it is kept that something was done."""
    return f"$KV.amber_done.{deed}"


STATUS = "amber.v1.status"
"""Where every process says every few seconds how it is; not kept."""
TRACE = "amber.v1.trace"
"""Where somebody who watches says every second which calls of plugins to tell of; not kept."""


def trace_subject(wish: str) -> str:
    """Where calls are told to whoever made a wish; not kept."""
    return f"{TRACE}.{wish}"


class Message(Struct, frozen=True):
    """A message as it stands in a stream. `delivered` counts deliveries, this one included."""

    stream: str  # the stream's identity: name and birth, so that a stream made anew never repeats a (stream, seq)
    seq: int
    subject: str
    data: bytes
    headers: Mapping[str, str] = {}
    delivered: int = 1
    at: float = 0


class Glance(Struct, frozen=True):
    """Messages without their data. `total` of those asked for lie in the stream; `last` is the newest number in it."""

    messages: list[Message]
    total: int
    last: int


class Standing(Struct, frozen=True):
    """How far a durable consumer is: what waits for it, and what it has in hand. `since` is when the oldest message it
    has not done was published; 0 where it has done everything.
    """

    stream: str
    name: str
    waiting: int
    in_hand: int
    since: float = 0.0


class Consumer(Protocol):
    """One durable reading position, shared by every process that opens it under the same name."""

    async def fetch(self, limit: int, wait: float) -> list[Message]:
        """Up to `limit` messages, as soon as there is one; empty after `wait` seconds. Raises Unavailable."""

    async def ack(self, message: Message) -> None:
        """The message is done; it will not come again."""

    async def nak(self, message: Message, delay: float) -> None:
        """Deliver the message again after `delay` seconds."""

    async def progress(self, message: Message) -> None:
        """Still working on it: start the wait for its acknowledgement anew."""

    async def waiting(self) -> int:
        """How many messages have not been acknowledged yet."""

    async def close(self) -> None:
        """Let go; the position is kept."""


class Bus(Protocol):
    """Publish with acknowledgement, consume durably, listen in passing."""

    max_payload: int

    @property
    def is_ready(self) -> bool:
        """Whether a publish has a chance right now."""

    async def publish(self, subject: str, data: bytes, id: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Returns once the message is on disk; the same `id` within two minutes is kept once. Raises Unavailable."""

    async def broadcast(self, subject: str, data: bytes) -> None:
        """Tell whoever listens right now; nothing is kept. Raises Unavailable."""

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        """What somebody who listens there answers. Raises Unavailable at once where nobody does, TimeoutError."""

    async def consume(
        self, stream: Stream, name: str, subjects: Sequence[str], ack_wait: float, from_now: bool = False
    ) -> Consumer:
        """Open a durable consumer, made or brought up to these settings if need be.

        One that is made gets all there is in the stream; `from_now`: only what comes from then on.
        """

    async def listen(self, subject: str, callback: Callable[[str, bytes], Awaitable[None]]) -> None:
        """Call back with subject and data for each message from now on, in this process; nothing is kept for later."""

    async def browse(self, stream: Stream, after: int, limit: int) -> list[Message]:
        """Messages of a stream whose sequence number is above `after`, oldest first, without consuming them."""

    async def glance(self, stream: Stream, subjects: Sequence[str], after: int, limit: int) -> Glance:
        """Like `browse`, of some subjects alone, and without the data: thousands cost little."""

    async def counts(self, stream: Stream) -> Mapping[str, int]:
        """How many messages lie in the stream under each subject. Raises Unavailable."""

    async def standings(self) -> list[Standing]:
        """Every durable consumer there is, by stream and name."""

    async def delete(self, stream: Stream, seq: int) -> bool:
        """Take one message out; False if it is not there."""

    async def clear(self, stream: Stream, subject: str) -> None:
        """Take out all messages under a subject, which may hold wildcards. Raises Unavailable."""

    async def forget(self, stream: Stream, consumer: str) -> None:
        """Let a durable consumer go, with its place; one that is not there is gone. Raises Unavailable."""

    async def close(self) -> None:
        """Send what is pending and disconnect."""
