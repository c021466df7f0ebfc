"""What people are told, whom, and how it went."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Words = Annotated[str, Meta(max_length=2000)]


class Alert(Struct, frozen=True):
    """What people are to be told because of a fact: an answer to `evaluate_fact`.

    `targets` of the fact's project hear of it: those `subscribed` to news of this `kind` (empty: the fact's type),
    `all`, or those with these ids; never those that are switched off. `key` is what makes two alerts of a plugin the
    same, about one fact or about several: it is told once within a week (empty: the fact's id). `page` is the path
    where the console shows it; empty: the page of the issue.
    """

    title: Words
    kind: Annotated[str, Meta(max_length=100)] = ""
    targets: tuple[int, ...] | Literal["subscribed", "all"] = "subscribed"
    key: Words = ""
    page: Annotated[str, Meta(max_length=2000, pattern=r"^(/|\Z)")] = ""
    culprit: Words = ""
    level: Words = ""
    issue_id: Words = ""
    short_id: Words = ""
    event_id: Words = ""


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
