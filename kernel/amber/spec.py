"""Every question the kernel asks plugins: who asks, when, and what a failure means."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy
from msgspec import Struct

from amber.model import (
    Additions,
    Admission,
    AuthRequest,
    BlobStore,
    Directory,
    Event,
    EventStore,
    Fact,
    Grouping,
    IngestProtocol,
    IssueStore,
    ItemHandler,
    ItemNote,
    LoginMethod,
    Notification,
    Principal,
    Project,
    Receipt,
    Resource,
    ScheduledJob,
)

if TYPE_CHECKING:
    import click

    from amber.context import Context

PROJECT_NAME = "amber"
F = TypeVar("F", bound=Callable[..., Any])
_pluggy_spec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a plugin's function as its answer to the hook of the same name."""


class Kind(StrEnum):
    """How the answers of several plugins become one."""

    COLLECT = "collect"  # every answer counts, failures are left out
    CHAIN = "chain"  # a value passes through every plugin in order
    FIRST = "first"  # the first answer that is not None
    ROLE = "role"  # exactly one plugin, named in the configuration
    TASK = "task"  # addressed to one plugin over the bus


class OnError(StrEnum):
    """What a failure means for the work in hand."""

    SKIP = "skip"  # go on without this plugin's answer
    NEXT = "next"  # ask the next plugin
    DENY = "deny"  # count it as a refusal
    DEAD_LETTER = "dead letter"  # keep the original aside, with the reason
    RETRY = "retry, then dead letter"
    REFUSE_START = "refuse to start"
    FAIL_PLUGIN = "mark the plugin failed"


class Hook(Struct, frozen=True):
    """How a hook is asked: its kind, what a failure means and how long one call may take (milliseconds).

    `is_quick`: asked for every request and never waits for anything, so that the plugins Amber ships are called where
    the request is served, without a thread of their own.
    """

    kind: Kind
    on_error: OnError
    budget_ms: int
    is_quick: bool = False


def hookspec(kind: Kind, on_error: OnError, budget_ms: int, is_quick: bool = False) -> Callable[[F], F]:
    """Declare a hook; what is given here is found again by `hooks`."""

    def mark(function: F) -> F:
        function.amber_hook = Hook(kind, on_error, budget_ms, is_quick)  # type: ignore[attr-defined]
        return _pluggy_spec(function)

    return mark


# --- ingest ---------------------------------------------------------------------------------------------------------


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=30_000)
def ingest_protocols(ctx: "Context[Any]") -> Sequence[IngestProtocol]:  # type: ignore[empty-body]
    """The protocols this plugin speaks: paths, and how to read and decode what comes there.

    Asked once when a process starts and again when plugins change. If you fail, your paths answer 404; a protocol that
    raises for one request costs that request alone. The budget is for decoding a batch of submissions; what runs at the
    edge must not wait for anything, since other requests are served by the same loop.
    """


@hookspec(Kind.COLLECT, OnError.RETRY, budget_ms=30_000)
def item_handlers(ctx: "Context[Any]") -> Sequence[ItemHandler]:  # type: ignore[empty-body]
    """The item types this plugin takes, and the function that takes a batch of them.

    Asked once when a worker starts. A type nobody claims is counted as `unhandled`; one that two plugins claim goes to
    the first in order. If `handle` fails or runs late, its items are tried again, then dead-lettered.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=250, is_quick=True)
def admit_items(  # type: ignore[empty-body]
    items: Sequence[ItemNote], principal: Principal, project: Project, ctx: "Context[Any]"
) -> Admission:
    """Which items of one request to refuse at the edge, by position; an empty answer takes them all.

    Asked once per request, before anything is stored. The first verdict about an item holds. A filtered item is counted
    and the client hears 200; one over a limit is counted and the client hears 429 with how long to wait, while the rest
    of the request is kept. Limits you say are in force, and what the client may still send, are told in the headers of
    any answer. If you fail, the items are kept.
    """


# --- enrichment -----------------------------------------------------------------------------------------------------


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=2000)
def enrich_events(  # type: ignore[empty-body]
    events: Sequence[Event], project: Project, ctx: "Context[Any]"
) -> Sequence[Additions | None]:
    """Add facts to a batch of events: tags, contexts, links.

    Asked once per batch and project, after decoding and before scrubbing. Answer one entry per event, in order, holding
    only what you add; it is stored under your plugin's name. None adds nothing. If you fail or run late the events go
    on without your additions.
    """


@hookspec(Kind.CHAIN, OnError.DEAD_LETTER, budget_ms=20_000)
def scrub_events(events: Sequence[Event], project: Project) -> Sequence[Event]:  # type: ignore[empty-body]
    """Take secrets out of a batch of events.

    Asked last before grouping, each plugin with what the one before it answered. Answer the same events in the same
    order; an event you did not touch may be the same object. If you fail or run late the events are dead-lettered:
    nothing unscrubbed is ever stored.
    """


# --- grouping -------------------------------------------------------------------------------------------------------


@hookspec(Kind.COLLECT, OnError.NEXT, budget_ms=10_000)
def group_events(  # type: ignore[empty-body]
    events: Sequence[Event], project: Project
) -> Sequence[Grouping | None]:
    """Say which issue each event of a batch belongs to, and why.

    Asked once per batch and project, on scrubbed events. For each event the first plugin in order that answers a
    Grouping decides; where nobody does, the kernel groups by type, message and transaction. The same event under the
    same version must always give the same key. If you fail or run late, the next plugin is asked.
    """


# --- storage --------------------------------------------------------------------------------------------------------


@hookspec(Kind.ROLE, OnError.REFUSE_START, budget_ms=10_000)
def event_store(ctx: "Context[Any]") -> EventStore:  # type: ignore[empty-body]
    """The store of events, attachments and feedback. Asked once per process; a failure refuses the start."""


@hookspec(Kind.ROLE, OnError.REFUSE_START, budget_ms=10_000)
def issue_store(ctx: "Context[Any]") -> IssueStore:  # type: ignore[empty-body]
    """The store of issues, counts and the outbox. Asked once per process; a failure refuses the start."""


@hookspec(Kind.ROLE, OnError.REFUSE_START, budget_ms=10_000)
def directory(ctx: "Context[Any]") -> Directory:  # type: ignore[empty-body]
    """The store of tenants, projects, keys and people. Asked once per process; a failure refuses the start."""


@hookspec(Kind.ROLE, OnError.REFUSE_START, budget_ms=10_000)
def blob_store(ctx: "Context[Any]") -> BlobStore:  # type: ignore[empty-body]
    """The store of attachments and other large bytes. Asked once per process; a failure refuses the start."""


# --- auth -----------------------------------------------------------------------------------------------------------


@hookspec(Kind.FIRST, OnError.NEXT, budget_ms=5000)
def authenticate(request: AuthRequest, ctx: "Context[Any]") -> Principal | None:
    """Who this request is from, or None if it shows nothing you know.

    Asked for every request whose answer is not cached. Raise `Denied` to end the search (a revoked key, a locked
    account). If you fail, the next plugin is asked; when nobody knows, the request is anonymous.
    """


@hookspec(Kind.COLLECT, OnError.DENY, budget_ms=1000)
def authorise(principal: Principal, action: str, resource: Resource) -> bool | None:
    """Whether the principal may do this: True allows, False denies, None has no opinion.

    Asked before every action. Any denial wins, and silence from everybody denies. A failure counts as a denial.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=10_000)
def login_methods(ctx: "Context[Any]") -> Sequence[LoginMethod]:  # type: ignore[empty-body]
    """The ways to log in this plugin offers.

    Asked whenever the login page is shown and when somebody logs in; the budget is for one proof. If you fail, your
    methods are missing and the others remain.
    """


# --- integrations ---------------------------------------------------------------------------------------------------


@hookspec(Kind.TASK, OnError.RETRY, budget_ms=30_000)
def deliver(notification: Notification, target: Any, ctx: "Context[Any]") -> Receipt:  # type: ignore[empty-body]
    """Send a notification to one target and answer what the receiver said.

    Asked once per notification and target; again, after a pause, when you fail. `target` is a `TargetConfig`, the
    Struct on your module that says what a target of yours needs (its fields become the form in the console); secrets
    are readable here. `notification.id` is the same at every try. Raise `Retry(after)` to try again after a time the
    receiver named, `Reject` where it can never work (the task is dead-lettered at once); any other failure is tried
    again with back-off and then dead-lettered. Each try is shown beside the target's settings with your words.
    """


# --- everywhere -----------------------------------------------------------------------------------------------------


@hookspec(Kind.COLLECT, OnError.FAIL_PLUGIN, budget_ms=10_000)
def plugin_start(ctx: "Context[Any]") -> None:
    """Get ready to work. Asked once per process after configuration and migrations; if you fail, you stay out."""


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=10_000)
def plugin_stop(ctx: "Context[Any]") -> None:
    """Let go of what you hold. Asked once per process when it ends or you are switched off; nothing follows it."""


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=2000)
def plugin_health(ctx: "Context[Any]") -> str | None:
    """What keeps you from working, as one sentence, or None when all is well. Asked by `/health/ready`."""


@hookspec(Kind.TASK, OnError.RETRY, budget_ms=30_000)
def on_fact(fact: Fact, ctx: "Context[Any]") -> None:
    """Hear that something happened: those facts your manifest lists under `rights.facts`.

    Each plugin hears each fact at least once over a durable consumer of its own; `fact.id` is the same at every
    delivery. Raise `Retry(after)` to hear it again later, `Reject` to refuse it for good; any other failure is tried
    again with back-off and then dead-lettered.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=2000)
def scheduled_jobs(ctx: "Context[Any]") -> Sequence[ScheduledJob]:  # type: ignore[empty-body]
    """What you want done now and then, by one worker among many.

    Asked once when a worker starts and when you are switched on. The budget is for answering; a job takes as long as it
    needs. If you fail, or a job does, it is counted and logged, and a job is done again when it is due.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=10_000)
def api_routes(ctx: "Context[Any]") -> Sequence[Any]:  # type: ignore[empty-body]
    """Litestar route handlers to mount, each with `action="<scope>"`; one without an action is refused.

    Asked when the HTTP application starts and again when plugins are switched. If you fail, your routes answer 404 and
    the rest runs. Import what only routes need inside this function: workers never ask it, and start without.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=1000)
def cli_commands() -> "Sequence[click.Command]":  # type: ignore[empty-body]
    """Commands to add to `amber`. Asked when the command line starts; if you fail, your commands are missing."""


def hooks() -> Mapping[str, Hook]:
    """Every hook by name, in the order of this file."""
    return {name: value.amber_hook for name, value in globals().items() if hasattr(value, "amber_hook")}
