"""AMBER's payloads, version by version. Fields that are not named here are let through and not kept."""

from typing import Any, Literal

from msgspec import Struct


class Frame(Struct, frozen=True):
    """One frame of a stack."""

    function: str
    filename: str
    line: int
    col: int | None = None
    module: str | None = None
    in_app: bool | None = None
    pre_context: list[str] | None = None
    context_line: str | None = None
    post_context: list[str] | None = None
    source_language: str | None = None


class Problem(Struct, frozen=True):
    """The exception; messages have one too."""

    type: str
    message: str
    stacktrace: list[Frame] | None = None


class User(Struct, frozen=True):
    """Who was affected; an empty text means nobody."""

    id: str | None = None
    email: str | None = None


class Surroundings(Struct, frozen=True):
    """The `context` of an event. SDKs send breadcrumbs here although AMBER's own schema forgot them."""

    user: User | None = None
    tags: dict[str, str] | None = None
    env: str | None = None
    release: str | None = None
    breadcrumbs: list[Any] | None = None


class Sdk(Struct, frozen=True):
    """What sent the event."""

    name: str | None = None
    version: str | None = None


class ErrorEvent(Struct, frozen=True):
    """`POST /ingest`."""

    event_id: str
    project_id: str
    timestamp: str
    level: Literal["error", "warning", "info", "debug"]
    exception: Problem
    schema_version: str | None = None
    message: str | None = None
    context: Surroundings | None = None
    sdk: Sdk | None = None


class Span(Struct, frozen=True):
    """A part of a transaction."""

    span_id: str
    start_timestamp: str
    duration_ms: float
    parent_id: str | None = None
    op: str | None = None
    description: str | None = None
    status: str | None = None
    tags: dict[str, str] | None = None


class Transaction(Struct, frozen=True):
    """`POST /ingest/transaction`."""

    event_id: str
    project_id: str
    trace_id: str
    span_id: str
    name: str
    timestamp: str
    duration_ms: float
    status: str | None = None
    tags: dict[str, str] | None = None
    measurements: dict[str, float] | None = None
    spans: list[Span] | None = None
    sample_rate: float | None = None


class Profile(Struct, frozen=True):
    """`POST /ingest/profile`."""

    event_id: str
    project_id: str
    trace_id: str
    timestamp: str
    profile: Any


class Replay(Struct, frozen=True):
    """`POST /ingest/replay`."""

    event_id: str
    project_id: str
    session_id: str
    timestamp: str
    payload: Any
    duration_ms: float | None = None
    url: str | None = None
    user: User | None = None
    breadcrumbs: list[Any] | None = None
    events: list[Any] | None = None


Schema = type[ErrorEvent] | type[Transaction] | type[Profile] | type[Replay]
SCHEMAS: dict[str, dict[str, Schema]] = {
    "v1": {"event": ErrorEvent, "transaction": Transaction, "profile": Profile, "replay": Replay},
}
"""What each version of the schema holds, by the name of the route."""
