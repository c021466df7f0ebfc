"""What plugins answer when the kernel asks which protocols and item types they serve."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct

from amber.model.events import Decoded
from amber.model.items import (
    Allowance,
    Credential,
    IngestRequest,
    Item,
    Limited,
    OutcomeCount,
    Reading,
    Reply,
    Submission,
)

Headers = tuple[tuple[str, str], ...]


class IngestRoute(Struct, frozen=True):
    """A path clients post to, such as `/api/{project}/envelope/`; a missing final slash is forgiven.

    `max_body` is in bytes as sent.
    """

    name: str
    path: str
    methods: tuple[str, ...] = ("POST",)
    max_body: int = 20 * 1024 * 1024


class IngestProtocol(Struct, frozen=True):
    """How one family of clients is understood: plain functions over values, no input or output of their own.

    Edge, in this order: `credential(request)` finds key and project, or raises `Reject(status=401)`;
    `read(request, project)` checks framing, encodings and limits, or raises `Reject` with 400, 413, 415 …;
    `reply(request, reading)` is what the client hears once everything is durable; `refuse(request, error)` what it
    hears otherwise. Worker: `decode(submission)` gives events and items and must never raise for bad content: what
    cannot be used becomes an outcome. `cors` are the headers every answer of these routes carries. `limited(limits)`
    gives the headers that tell which limits are in force, on any answer; `allowance(allowance)` those that tell how
    much may still be sent.
    """

    name: str
    routes: tuple[IngestRoute, ...]
    credential: Callable[[IngestRequest], Credential]
    read: Callable[[IngestRequest, int], Reading]
    reply: Callable[[IngestRequest, Reading], Reply]
    refuse: Callable[[IngestRequest, int, str, tuple[str, ...]], Reply]
    decode: Callable[[Submission], Decoded]
    cors: tuple[tuple[str, str], ...] = ()
    limited: Callable[[Sequence[Limited]], Headers] = lambda limits: ()
    allowance: Callable[[Allowance], Headers] = lambda allowance: ()


class Handled(Struct, frozen=True):
    """What became of one item: `stored`, `filtered`, `invalid`, `unhandled` or `dead`.

    `counts` are what the client says it threw away itself (`client_discard`), as a client report does.
    """

    outcome: str = "stored"
    reason: str = ""
    counts: tuple[OutcomeCount, ...] = ()


class ItemHandler(Struct, frozen=True):
    """A plugin's claim to item types.

    `handle(items, ctx)` gets all items of a batch whose type is among `types` and answers one `Handled` for each, in
    order. It may be called again with the same items: whatever it writes is keyed by `Item.id`.
    """

    types: tuple[str, ...]
    handle: Callable[[Sequence[Item], Any], Sequence[Handled] | Awaitable[Sequence[Handled]]]


class ScheduledJob(Struct, frozen=True):
    """What a plugin wants done every so many seconds, by one worker among many.

    `run()` may take as long as it needs, but must not block: it is cancelled when its worker stops or the plugin is
    switched off. After a crash another worker does it again, and for moments two may be at it: so every step of it is
    harmless when it is repeated.
    """

    name: str
    every: float
    run: Callable[[], Coroutine[Any, Any, None]]
