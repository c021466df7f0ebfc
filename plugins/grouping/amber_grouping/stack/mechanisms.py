"""The ways to group an event, in the order they are asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from amber.model import Event, ExceptionValue, Grouping, Json, chain_in, frames_of, remembered, stack_from
from amber_grouping.stack.exceptions import chain_of
from amber_grouping.stack.frames import Stack, stack_of, text
from amber_grouping.stack.key import VERSION, Part, key_of, part
from amber_grouping.stack.messages import first_lines, normalise_message
from amber_grouping.stack.variables import DEFAULT, resolve


class Found(Struct, frozen=True):
    """What one mechanism found: the parts to hash and a sentence that says why."""

    mechanism: str
    parts: tuple[Part, ...]
    summary: str


def group_event(event: Event) -> Grouping:
    """The event's grouping; the same event gives the same one, always."""
    if (found := by_fingerprint(event)) is not None:
        return _grouping(found)
    if (field := event.body.as_it_came("exception")) is not None:
        known = _by_field(field, event.text("platform"))
        if known is not None:
            return known
    return _grouping(by_default(event))


@remembered
def _by_field(field: Json, platform: str) -> Grouping | None:
    found = _by_chain(chain_in(field), platform)
    return None if found is None else _grouping(found)


def _grouping(found: Found) -> Grouping:
    key = key_of(found.mechanism, VERSION, found.parts)
    return Grouping(found.mechanism, VERSION, key, found.summary, found.parts)


def by_default(event: Event) -> Found:
    """What the first mechanism that applies finds, the client's wishes left aside."""
    return next(found for mechanism in MECHANISMS if (found := mechanism(event)) is not None)


def by_fingerprint(event: Event) -> Found | None:
    """The client's own fingerprint; one that is `{{ default }}` alone asks for nothing."""
    given = event.data.get("fingerprint")
    values = [str(value) for value in given if value is not None] if isinstance(given, list | tuple) else []
    if not values or (len(values) == 1 and DEFAULT.fullmatch(values[0].strip())):
        return None
    parts: list[Part] = []
    for value in values:
        if DEFAULT.fullmatch(value.strip()):
            parts += by_default(event).parts
        else:
            parts.append(part("fingerprint", resolve(value, event)))
    return Found("fingerprint", tuple(parts), f"Grouped by the fingerprint the client set: {', '.join(values)[:200]}")


def by_exception(event: Event) -> Found | None:
    """The chain of exceptions."""
    return _by_chain(event.chain, event.text("platform"))


def _by_chain(values: Sequence[ExceptionValue], platform: str) -> Found | None:
    chain = chain_of(values, platform)
    parts = tuple(one for link in chain for one in link.parts())
    if not parts:
        return None
    last = chain[-1]
    if not last.stack.frames:
        what = f"type and message of {last.type}" if last.type else "message of an exception"
    else:
        place = f" raised in {last.stack.place}" if last.stack.place else ""
        what = f"{'in-app ' if last.stack.is_in_app else ''}frames of {last.type or 'a stack'}{place}"
    causes = f", with {len(chain) - 1} more of its chain" if len(chain) > 1 else ""
    return Found("exception", parts, f"Grouped by the {what}{causes}")


def by_stack(event: Event) -> Found | None:
    """The event's own stack trace, or that of the crashed thread, the current one or the only one."""
    platform = event.text("platform")
    stack = stack_of(frames_of(event.body), platform)
    if not stack.frames:
        stack = stack_of(stack_from(_thread(event).get("stacktrace")), platform)
    if not stack.frames:
        return None
    place = f", which ends in {stack.place}" if stack.place else ""
    return Found("stack", tuple(stack.parts()), f"Grouped by the {_whose(stack)}frames of the stack trace{place}")


def _whose(stack: Stack) -> str:
    return "in-app " if stack.is_in_app else ""


def _thread(event: Event) -> Mapping[str, Any]:
    threads = event.data.get("threads")
    values = threads.get("values") if isinstance(threads, Mapping) else None
    known = [thread for thread in values if isinstance(thread, Mapping)] if isinstance(values, list | tuple) else []
    for sign in ("crashed", "current"):
        marked = [thread for thread in known if thread.get(sign)]
        if len(marked) == 1:
            return marked[0]
    return known[0] if len(known) == 1 else {}


def by_report(event: Event) -> Found | None:
    """A Content-Security-Policy report: the directive and the host or keyword that was blocked."""
    report = event.data.get("csp")
    if not isinstance(report, Mapping):
        return None
    fields = {str(key).replace("-", "_"): value for key, value in report.items()}
    directive = (text(fields, "effective_directive") or text(fields, "violated_directive")).split(" ")[0]
    blocked = _host(text(fields, "blocked_uri") or text(fields, "blocked_url"), text(fields, "document_uri"))
    if not directive and not blocked:
        return None
    summary = f"Grouped by the directive {directive or '(none)'} and what it blocked: {blocked or '(nothing)'}"
    return Found("csp", (part("directive", directive), part("blocked", blocked)), summary)


def _host(address: str, document: str) -> str:
    """The host of a blocked address, `self` for the page's own, the scheme or keyword where there is no host."""
    host = _hostname(address)
    if host and host == _hostname(document):
        return "self"
    return host or address.partition(":")[0].strip("'")


def _hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # a bracket that is no IPv6 address
        return ""


def by_message(event: Event) -> Found | None:
    """The message: its template where the client sent one, its variable parts replaced."""
    entry = event.data.get("logentry")
    fields = entry if isinstance(entry, Mapping) else {}
    contexts = event.data.get("contexts")
    feedback = contexts.get("feedback") if isinstance(contexts, Mapping) else None
    wording = text(fields, "message") or text(fields, "formatted") or event.text("message")
    if not wording and isinstance(feedback, Mapping):
        wording = text(feedback, "message")
    message = first_lines(wording)
    return (
        Found("message", (part("message", message),), f"Grouped by the message “{message[:200]}”") if message else None
    )


def by_attributes(event: Event) -> Found | None:
    """What else the event tells of its cause: logger, transaction, culprit, request."""
    request = event.data.get("request")
    url = text(request, "url").partition("?")[0] if isinstance(request, Mapping) else ""
    facts = {what: event.text(what) for what in ("logger", "transaction", "culprit")} | {"url": url}
    known = [part(what, normalise_message(value)) for what, value in facts.items() if value.strip()]
    if not known:
        return None
    told = ", ".join(what for what, _ in known)
    parts = (part("platform", event.text("platform")), part("kind", event.type), *known)
    return Found("attributes", parts, f"Grouped by {told}, for want of an exception, a stack and a message")


def by_id(event: Event) -> Found:
    """The event alone, so that two events that tell nothing are not taken for one."""
    return Found("event", (part("event", event.id),), "Stands alone: the event tells nothing to group it by")


MECHANISMS: tuple[Callable[[Event], Found | None], ...] = (
    by_exception,
    by_stack,
    by_report,
    by_message,
    by_attributes,
    by_id,
)
