"""What people are told, whom, and how it went."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct


class Notification(Struct, frozen=True):
    """Something to tell people.

    `id` is the same at every attempt: receivers that have seen it may drop it. `kind` is the type of the fact it tells
    of, or `test`. `url` is where the console shows it. Times are Unix seconds.
    """

    id: str
    kind: str
    project: int
    project_slug: str
    project_name: str
    title: str
    at: float
    url: str = ""
    culprit: str = ""
    level: str = ""
    issue_id: str = ""
    short_id: str = ""
    event_id: str = ""


class Target(Struct, frozen=True):
    """Where a project's notifications go: an endpoint, an address, a channel.

    `plugin` delivers; `settings` are the values of its `TargetConfig`, secrets sealed; `kinds` are the notifications it
    gets.
    """

    id: int
    project: int
    plugin: str
    name: str
    settings: Mapping[str, Any]
    kinds: tuple[str, ...]
    is_enabled: bool
    created_at: float


class Receipt(Struct, frozen=True):
    """What the receiver said, in words people can use: `200 OK`, `accepted for 2 addresses`."""

    detail: str = ""


class Attempt(Struct, frozen=True):
    """One try to deliver a notification to a target.

    `delivered`; `failed` is tried again; `dead` was given up and waits in the dead letters. `seconds` is how long the
    try took, `number` counts from 1.
    """

    target: int
    notification: Notification
    number: int
    at: float
    seconds: float
    outcome: Literal["delivered", "failed", "dead"]
    detail: str
    id: int = 0


class FormField(Struct, frozen=True):
    """One value of a `Config` or `TargetConfig`, as a form asks for it. A secret is never shown again."""

    name: str
    description: str
    kind: Literal["text", "secret", "number", "boolean", "choice", "list"]
    is_required: bool
    default: Any = None
    choices: tuple[str, ...] = ()


class TargetType(Struct, frozen=True):
    """A kind of target some plugin delivers to."""

    plugin: str
    title: str
    summary: str
    fields: tuple[FormField, ...]
