"""Every question the kernel asks plugins: who asks, when, and what a failure means."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy
from msgspec import Struct

from amber.model import (
    Additions,
    Admission,
    Alert,
    AuthRequest,
    BlobStore,
    Command,
    Directory,
    Event,
    EventStore,
    Fact,
    Fragment,
    Grouping,
    IngestProtocol,
    IssueStore,
    ItemHandler,
    ItemNote,
    LoginMethod,
    Notification,
    Offer,
    Principal,
    Project,
    Receipt,
    Resource,
    ScheduledJob,
    Subject,
    UiPage,
    WebhookRequest,
)

if TYPE_CHECKING:
    import click

    from amber.plugin.context import Context

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


# --- alerts ---------------------------------------------------------------------------------------------------------


@hookspec(Kind.TASK, OnError.RETRY, budget_ms=30_000)
def evaluate_fact(  # type: ignore[empty-body]
    fact: Fact, project: Project, ctx: "Context[Any]"
) -> Sequence[Alert]:
    """Say what people are to be told because of a fact; nothing, for most facts.

    Asked about every fact that your manifest lists under `rights.facts`, as `on_fact` is, where its project is there.
    Amber sends what you answer to the project's targets and sees to it that a fact that is heard again tells nobody
    twice. Raise `Retry(after)` to be asked again later, `Reject` to refuse the fact for good; any other failure is
    tried again with back-off and then dead-lettered.
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


@hookspec(Kind.TASK, OnError.RETRY, budget_ms=30_000)
def receive_webhook(  # type: ignore[empty-body]
    request: WebhookRequest, target: Any, ctx: "Context[Any]"
) -> Sequence[Command]:
    """Say what a request to the address of a target of yours wants to be done.

    Asked once the request is on disk and its sender has heard 202; again, after a pause, when you fail. Whoever knows
    the address may send anything: check what proves the sender, and how old that proof is at `request.at`. `target`
    is your `TargetConfig`, as in `deliver`. Amber carries your commands out in the target's name, on issues of its
    project alone, each `key` once. Raise `Retry(after)` to be asked again later, `Reject` to refuse it (it is
    dead-lettered at once, with your reason); any other failure is tried again with back-off and then dead-lettered.
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

    From when it is first enabled, each plugin hears each fact at least once over a durable consumer of its own;
    `fact.id` is the same at every delivery. What was before is told by `amber replay`. Raise `Retry(after)` to hear it
    again later, `Reject` to refuse it for good; any other failure is tried again with back-off and then dead-lettered.
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

    Asked once while you run, when the HTTP side starts or you are switched on; what you answer is an application of
    your own. A method and path that another plugin has cannot be yours as well. If you fail, your routes answer 404 and
    the rest runs. Import what only routes need inside this function: workers never ask it, and start without.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=10_000)
def ui_pages(ctx: "Context[Any]") -> Sequence[UiPage]:  # type: ignore[empty-body]
    """The pages you add to the console.

    Asked once per process, when somebody first looks; the budget is for showing one page as well. The console draws
    each in its own frame when somebody opens it, lists it in its navigation or as a tab of a project or an issue for
    those who may see it, and lets nobody else in. If you fail, your pages are missing; where showing one fails, that
    page says so and the rest of the console works.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=500)
def ui_slot(slot: str, subject: Subject, principal: Principal, ctx: "Context[Any]") -> Fragment | None:
    """What you add to a page of the console, or None for nothing.

    Asked for every slot of a page that is drawn, all plugins at once: `issue.sidebar` and `event.after` on an issue's
    page, `project.settings` below a project's settings. The principal may see what the subject holds. If you fail or
    run late, the page goes without you.
    """


@hookspec(Kind.COLLECT, OnError.DENY, budget_ms=30_000)
def admit_offer(offer: Offer, ctx: "Context[Any]") -> str | None:
    """Why this may not be installed here, as a sentence that says how to change that, or None.

    Asked before anything is installed or upgraded, whoever asked for it, after the offer was held against what is
    installed. Any refusal wins and changes nothing; a failure counts as one. What people do with pip themselves is
    theirs, and nobody is asked.
    """


@hookspec(Kind.COLLECT, OnError.SKIP, budget_ms=1000)
def cli_commands() -> "Sequence[click.Command]":  # type: ignore[empty-body]
    """Commands to add to `amber`. Asked when the command line starts; if you fail, your commands are missing."""


def hooks() -> Mapping[str, Hook]:
    """Every hook by name, in the order of this file."""
    return {name: value.amber_hook for name, value in globals().items() if hasattr(value, "amber_hook")}
