"""What clients send: submissions as they came, and the items inside them."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct


class OutcomeCount(Struct, frozen=True):
    """How many items of one category met one outcome.

    `outcome` is `accepted` for what the edge took, which then meets one end (`stored`, `filtered`, `invalid`,
    `unhandled` or `dead`); `rate_limited`, `over_quota` or `invalid` with the reason `http <status>` for what it
    refused; `client_discard` for what an SDK's client report tells. `hour` is in Unix hours.
    """

    project: int
    category: str
    outcome: str
    reason: str = ""
    quantity: int = 1
    hour: int = 0


class Submission(Struct, frozen=True, array_like=True):
    """One request as it came, on its way from the edge to a worker.

    `body` holds the bytes the client sent, still in `encoding`; a body too large for the bus is in the blob store under
    `blob`. `meta` is what the protocol's `read` noted for its `decode` (plain JSON values). `dropped` are the positions
    of items that were refused at the edge, with their outcome. `dead` is set once the submission was set aside: the
    reason its items were counted under.
    """

    id: str
    protocol: str
    route: str
    project: int
    received_at: float
    encoding: str = ""
    meta: dict[str, Any] = {}
    dropped: dict[int, OutcomeCount] = {}
    blob: str = ""
    body: bytes = b""
    dead: str = ""


class Item(Struct, frozen=True):
    """One thing an SDK sent: an attachment, a check-in, a transaction …

    `id` is the same at every delivery of the same item, so it can serve as an idempotency key. `event_id` is the 32 hex
    digits of the event it belongs to, or empty. `quantity` is how many things it holds, as the edge counted them.
    """

    id: str
    type: str
    category: str
    project: int
    received_at: float
    payload: bytes
    event_id: str = ""
    headers: Mapping[str, Any] = {}
    quantity: int = 1


class IngestRequest(Struct, frozen=True):
    """A request to an ingest route, before anything in it is believed.

    Header names are lower case. `path` holds the values of the route's placeholders. `body` is as it came, within the
    route's limit.
    """

    method: str
    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client_ip: str
    received_at: float


class Credential(Struct, frozen=True):
    """What a client showed at an ingest route: a public key and the project it claims to speak for (both unproven)."""

    key: str
    project: str = ""
    client: str = ""


class ItemNote(Struct, frozen=True):
    """What the edge knows of an item: enough to count, limit and drop it."""

    type: str
    category: str
    size: int
    quantity: int = 1


class Verdict(Struct, frozen=True):
    """Why the edge does not take an item: `filtered` (the client still hears 200) or a limit (it hears 429).

    `retry_after` is in seconds; `scope` is organisation, project or key. Both matter for limits alone.
    """

    outcome: Literal["filtered", "rate_limited", "over_quota"]
    reason: str
    retry_after: float = 0
    scope: Literal["organisation", "project", "key"] = "key"


class Limited(Struct, frozen=True):
    """Categories a client should not send for a while, and for how long (seconds)."""

    categories: tuple[str, ...]
    retry_after: float
    scope: str
    reason: str


class Allowance(Struct, frozen=True):
    """What a client may still send: `remaining` of `limit` items now, one more in `reset` seconds (0: right away)."""

    limit: int
    remaining: int
    reset: float


class Admission(Struct, frozen=True):
    """What a plugin says about the items of one request.

    `refused` by position. `limited` is in force for whoever asks, whatever became of this request; `allowance` is that
    of the limit this client is nearest to.
    """

    refused: Mapping[int, Verdict] = {}
    limited: tuple[Limited, ...] = ()
    allowance: Allowance | None = None


class Reading(Struct, frozen=True):
    """What a protocol's `read` found in a request."""

    items: tuple[ItemNote, ...]
    meta: dict[str, Any] = {}
    encoding: str = ""
    body: bytes | None = None  # None: keep the bytes that came
    event_id: str = ""


class Reply(Struct, frozen=True):
    """An HTTP answer in full."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
