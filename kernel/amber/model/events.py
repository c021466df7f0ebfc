"""Decoded events and how they are grouped."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from amber.model.bodies import Body, body_of
from amber.model.items import Item, OutcomeCount
from amber.model.stacks import ExceptionValue, chain_of


class Additions(Struct, frozen=True):
    """What one plugin adds to one event; it is stored under the plugin's name and never replaces what came."""

    tags: Mapping[str, str] = {}
    contexts: Mapping[str, Mapping[str, Any]] = {}
    links: tuple[tuple[str, str], ...] = ()  # (label, address)


class Event(Struct, frozen=True, dict=True):
    """A decoded, normalised error or message.

    `id` is 32 lower-case hex digits. `timestamp` and `received_at` are Unix seconds. `type` is `error`, `default` (a
    message), `csp` or another security report, or `feedback`. `data` is the event in the normal form of Sentry's event
    schema: lists such as `exception` stand as `{"values": […]}`, `tags` as a list of pairs, `user` and `request` as
    objects, notes on what was mended under `_meta`. It is shared, not copied: never change it in place.
    """

    id: str
    project: int
    type: str
    timestamp: float
    received_at: float
    data: Mapping[str, Any]
    category: str = "error"
    additions: Mapping[str, Additions] = {}

    @cached_property
    def body(self) -> Body:
        """The same fields as `data`, to be read one by one, as typed values or as JSON."""
        return body_of(self.data)

    @cached_property
    def chain(self) -> tuple[ExceptionValue, ...]:
        """The exceptions as typed values, oldest cause first."""
        return chain_of(self.body)

    def text(self, field: str) -> str:
        """The top-level field as text, empty where it is missing."""
        value = self.data.get(field)
        return value if isinstance(value, str) else ""

    @property
    def level(self) -> str:
        """One of debug, info, warning, error, fatal."""
        return self.text("level") or "error"

    @property
    def message(self) -> str:
        """The message as a person reads it: formatted where parameters were given."""
        entry = self.data.get("logentry") or {}
        return str(entry.get("formatted") or entry.get("message") or "")

    @property
    def user(self) -> str:
        """Who was affected, as `id:5`, `username:u`, `email:a@b` or `ip:…`; empty when nobody is known."""
        known = self.data.get("user") or {}
        for field, label in (("id", "id"), ("username", "username"), ("email", "email"), ("ip_address", "ip")):
            if known.get(field):
                return f"{label}:{known[field]}"
        return ""


class Grouping(Struct, frozen=True, cache_hash=True):
    """Why an event belongs to its issue: enough to explain and to repeat the decision.

    `key` is a hex digest over length-prefixed parts. `parts` are those parts in order, as (what, value): hashing them
    again gives `key`. `summary` is one sentence for people.
    """

    mechanism: str
    version: int
    key: str
    summary: str
    parts: tuple[tuple[str, str], ...] = ()


class GroupedEvent(Struct, frozen=True):
    """An event that is ready to be stored."""

    event: Event
    grouping: Grouping
    title: str
    culprit: str


class Decoded(Struct, frozen=True):
    """What a protocol's `decode` found in a submission; `outcomes` are items that could not be used."""

    events: tuple[Event, ...] = ()
    items: tuple[Item, ...] = ()
    outcomes: tuple[OutcomeCount, ...] = ()


class Attachment(Struct, frozen=True):
    """A file that belongs to an event; its bytes are in the blob store under `blob`. `size` is in bytes."""

    id: str
    project: int
    event_id: str
    name: str
    content_type: str
    type: str
    size: int
    blob: str
    received_at: float


Level = Literal["debug", "info", "warning", "error", "fatal"]
"""How bad an event is, from the mildest to the worst."""


def rfc3339(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC, to the microsecond, the form of every time in the API."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
