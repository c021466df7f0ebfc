"""Events as a page shows them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.model import StoredEvent
from amber_console.home.issue.context_view import Added, ContextView, added, context_views
from amber_console.home.issue.crumb_view import Crumb, crumb_views
from amber_console.home.issue.exception_view import ExceptionView, exception_views
from amber_console.home.issue.frame_view import StackView, stack_view
from amber_console.home.issue.report_view import ReportView, report_view
from amber_console.home.issue.request_view import RequestView, request_view
from amber_console.home.issue.thread_view import ThreadView, thread_views
from amber_console.home.issue.values import Pairs, mapping, objects, pairs, sound, spelled
from amber_console.home.listing.search import with_filter

SAID = ("environment", "release", "transaction", "dist", "platform", "logger")
"""Fields of the event that stand in its first line, in this order."""


class Said(Struct, frozen=True):
    """A field of the event; `query` finds issues with the same, empty where none does."""

    name: str
    text: str
    query: str


class Message(Struct, frozen=True):
    """What was logged, and the template it was made from where there is one."""

    text: str
    template: str
    params: str


class EventView(Struct, frozen=True):
    """A whole event, ready to be drawn."""

    event_id: str
    timestamp: float
    received_at: float
    said: tuple[Said, ...]
    message: Message
    exceptions: tuple[ExceptionView, ...]
    threads: tuple[ThreadView, ...]
    stack: StackView
    report: ReportView | None
    crumbs: tuple[Crumb, ...]
    request: RequestView | None
    tags: Pairs
    user: Pairs
    contexts: tuple[ContextView, ...]
    added: Added
    extra: Pairs
    modules: Pairs
    sdk: Pairs
    images: Pairs
    mended: Pairs

    @property
    def is_mixed(self) -> bool:
        """Whether some stack holds library frames beside ours."""
        stacks = [self.stack, *(one.stack for one in self.exceptions), *(one.stack for one in self.threads)]
        return any(stack.is_mixed for stack in stacks)


def event_view(event: StoredEvent) -> EventView:
    """The event in the order a reader asks: what broke, what led there, where it ran."""
    data = event.data
    return EventView(
        event_id=event.event_id,
        timestamp=event.timestamp,
        received_at=event.received_at,
        said=tuple(_said(name, text) for name in SAID if (text := spelled(data.get(name)))),
        message=_message(mapping(data.get("logentry"))),
        exceptions=exception_views(data.get("exception")),
        threads=thread_views(data.get("threads")),
        stack=stack_view(data.get("stacktrace")),
        report=report_view(data),
        crumbs=crumb_views(data.get("breadcrumbs"), event.timestamp),
        request=request_view(data.get("request")),
        tags=pairs(data.get("tags")),
        user=pairs(data.get("user")),
        contexts=context_views(data),
        added=added(data),
        extra=pairs(data.get("extra")),
        modules=tuple(sorted(pairs(data.get("modules")))),
        sdk=_sdk(mapping(data.get("sdk"))),
        images=tuple(_image(one) for one in objects(mapping(data.get("debug_meta")).get("images"))),
        mended=tuple(_mended(one) for one in objects(data.get("errors"))),
    )


def _said(name: str, text: str) -> Said:
    return Said(name, text, with_filter("", name, sound(text)) if name in ("environment", "release") else "")


def _message(entry: Mapping[str, Any]) -> Message:
    text, template = spelled(entry.get("formatted") or entry.get("message")), spelled(entry.get("message"))
    return Message(text, template if template != text else "", spelled(entry.get("params") or None))


def _sdk(sdk: Mapping[str, Any]) -> Pairs:
    named = " ".join(text for field in ("name", "version") if (text := spelled(sdk.get(field))))
    listed = sdk.get("integrations")
    integrations = ", ".join(spelled(one) for one in listed) if isinstance(listed, list) else ""
    packages = ", ".join(
        f"{spelled(one.get('name'))} {spelled(one.get('version'))}" for one in objects(sdk.get("packages"))
    )
    told = (("name", named), ("integrations", integrations), ("packages", packages))
    return tuple((name, text) for name, text in told if text)


def _image(image: Mapping[str, Any]) -> tuple[str, str]:
    file = spelled(image.get("code_file") or image.get("debug_file") or image.get("name")) or spelled(image.get("type"))
    told = (spelled(image.get(field)) for field in ("image_addr", "debug_id", "uuid", "arch"))
    return file.replace("\\", "/").rpartition("/")[2], " ".join(text for text in told if text)


def _mended(note: Mapping[str, Any]) -> tuple[str, str]:
    rest = {name: value for name, value in note.items() if name not in ("name", "type")}
    kind = spelled(note.get("type")).replace("_", " ")
    return spelled(note.get("name")) or "event", " ".join(text for text in (kind, spelled(rest or None)) if text)
