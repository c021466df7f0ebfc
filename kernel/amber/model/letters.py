"""What was set aside because nobody could handle it."""

from msgspec import Struct

Seen = frozenset[int] | None
"""The projects whose letters somebody may know of; None for all letters, those that belong to no project included."""


class Letter(Struct, frozen=True):
    """One dead letter without its original. Times are Unix seconds.

    `id` is its number; `plugin` could not handle what came from `stream` under `subject`, after `delivered` deliveries.
    `items` are the categories of what it held, or the kind of a fact or notification; `key` tells deliveries apart.
    `project` is 0 where it belongs to none, or nobody can tell. `first_at` is when it first died, `retries` how often
    it was handed back since, `received_at` when its content reached Amber.
    """

    id: int
    stream: str
    plugin: str
    reason: str
    at: float
    subject: str
    project: int = 0
    event_id: str = ""
    items: tuple[str, ...] = ()
    client: str = ""
    key: str = ""
    received_at: float = 0.0
    delivered: int = 0
    retries: int = 0
    first_at: float = 0.0
    size: int = 0


class LetterFilter(Struct, frozen=True):
    """Which letters; what is empty leaves none out. `text` stands in the reason, whatever its case; `until` is the
    highest number (0: any).
    """

    seen: Seen = frozenset()
    plugin: str = ""
    stream: str = ""
    project: int = 0
    text: str = ""
    until: int = 0
