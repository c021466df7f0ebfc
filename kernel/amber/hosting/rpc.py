"""What is asked over the bus and what is answered: JSON under `amber.v1.rpc.<plugin>.<hook>`."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from amber.config import BusConfig
from amber.errors import AmberError, Denied, Reject, Retry, Unavailable
from amber.model import (
    Additions,
    Alert,
    Command,
    Event,
    Fact,
    FormField,
    Notification,
    Project,
    Receipt,
    WebhookRequest,
)
from amber.model.bodies import Body
from amber.model.secrets import Secret
from amber.plugin.manifest import Manifest

HELLO = "hello"
LONGEST_DETAIL = 1000
"""Characters of what went wrong that are passed on."""


def rpc_subject(plugin: str, what: str, process: str = "") -> str:
    """Where a plugin is asked something, a hook or hello: whichever of its processes is free, or this one alone."""
    return f"amber.v1.rpc.{plugin}.{what}-{process}" if process else f"amber.v1.rpc.{plugin}.{what}"


class Given(Struct, frozen=True):
    """What a worker tells the process of a plugin: all that this process knows of Amber.

    `config` is what `amber.toml` says, `stored` what people set for the installation elsewhere; secrets are readable.
    `process` tells it from those that other workers have of the plugin.
    """

    manifest: Manifest
    module: str
    version: str
    build: str
    config: Mapping[str, Any]
    bus: BusConfig
    data: str
    networks: tuple[str, ...] = ()
    stored: Mapping[str, Any] = {}
    process: str = ""


class OnFact(Struct, frozen=True):
    """The question `on_fact`. `budget_ms` is how long the answer is waited for."""

    fact: Fact
    budget_ms: int


class Deliver(Struct, frozen=True):
    """The question `deliver`; `target` holds the values of the plugin's TargetConfig, secrets readable."""

    notification: Notification
    target: Any
    budget_ms: int


class EnrichEvents(Struct, frozen=True):
    """The question `enrich_events`: the answer has one entry for each event.

    `settings` is the plugin's configuration as it holds for the project, empty where that is as everywhere.
    """

    events: tuple[Event, ...]
    project: Project
    budget_ms: int
    settings: Mapping[str, Any] = {}


class EvaluateFact(Struct, frozen=True):
    """The question `evaluate_fact`; `settings` as for `enrich_events`."""

    fact: Fact
    project: Project
    budget_ms: int
    settings: Mapping[str, Any] = {}


class ReceiveWebhook(Struct, frozen=True):
    """The question `receive_webhook`; `target` as in `deliver`, the request's body as Base64."""

    request: WebhookRequest
    target: Any
    budget_ms: int


class Hello(Struct, frozen=True):
    """The answer to hello: what the plugin is like, or in `problem` why it cannot work.

    `build` is the one that its worker started; a remote plugin knows of none. `health` is what it would answer to
    `plugin_health`. `refused` counts what the bus would not let it do, and `refusal` is the last such thing;
    `overstepped` counts, by right, what its own process would not, and `overstep` is the last such thing.
    """

    version: str = ""
    build: str = ""
    hooks: tuple[str, ...] = ()
    config: tuple[FormField, ...] = ()
    target: tuple[FormField, ...] = ()
    problem: str = ""
    health: str = ""
    refused: int = 0
    refusal: str = ""
    overstepped: Mapping[str, int] = {}
    overstep: str = ""


class Trouble(Struct, frozen=True):
    """Why there is no answer. `after` is in seconds, for `retry`."""

    kind: Literal["retry", "reject", "unavailable", "denied", "failed"]
    detail: str = ""
    after: float | None = None


class Reply(Struct, frozen=True, omit_defaults=True):
    """What comes back: an answer or trouble."""

    answer: Raw = Raw(b"null")
    error: Trouble | None = None


QUESTIONS: Mapping[str, type[Struct]] = {
    "deliver": Deliver,
    "enrich_events": EnrichEvents,
    "evaluate_fact": EvaluateFact,
    "on_fact": OnFact,
    "receive_webhook": ReceiveWebhook,
}
"""What can be asked over the bus, by hook."""
OWN_BUSINESS = frozenset({"plugin_start", "plugin_stop", "plugin_health"})
"""Hooks that nobody asks over the bus: they are called here, the last one whenever hello is said."""
ANSWERS: Mapping[str, Any] = {
    "deliver": Receipt,
    "enrich_events": tuple[Additions | None, ...],
    "evaluate_fact": tuple[Alert, ...],
    "on_fact": None,
    "receive_webhook": tuple[Command, ...],
    HELLO: Hello,
}
"""What each answer must be."""


class PluginFailed(Exception):
    """What a plugin that runs elsewhere says it failed with."""


def encode(value: Any) -> bytes:
    """As JSON. Raises TypeError, or what msgspec raises, where a value has none."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Body):
        return Raw(value.encoded)
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def answer_of(hook: str, data: bytes) -> Any:
    """What a reply answers. Raises what the plugin raised on purpose, PluginFailed, or ValueError for rubbish."""
    try:
        reply = msgspec.json.decode(data, type=Reply)
        if reply.error is None:
            return msgspec.json.decode(reply.answer, type=ANSWERS[hook])
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    raise error_of(reply.error)


def error_of(trouble: Trouble) -> Exception:
    """The error that trouble stands for."""
    detail = trouble.detail[:LONGEST_DETAIL]
    known = {"reject": Reject(detail), "unavailable": Unavailable(detail), "denied": Denied(detail)}
    return Retry(trouble.after, detail) if trouble.kind == "retry" else known.get(trouble.kind, PluginFailed(detail))


def trouble_of(error: BaseException) -> Trouble:
    """How an error is told."""
    if isinstance(error, Retry):
        return Trouble("retry", str(error)[:LONGEST_DETAIL], _seconds(error.after))
    kinds: Mapping[type[AmberError], Literal["reject", "unavailable", "denied"]]
    kinds = {Reject: "reject", Unavailable: "unavailable", Denied: "denied"}
    for kind, word in kinds.items():
        if isinstance(error, kind):
            return Trouble(word, str(error)[:LONGEST_DETAIL])
    return Trouble("failed", f"{type(error).__name__}: {error}"[:LONGEST_DETAIL])


def _seconds(after: Any) -> float | None:
    """Plugins hand on Retry-After headers, which are text and may hold anything."""
    try:
        return float(after)
    except (TypeError, ValueError):
        return None
