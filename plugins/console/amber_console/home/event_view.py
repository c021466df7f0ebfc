"""Events as a page shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from amber.model import StoredEvent
from amber_console.home.frame_view import ExceptionView, exception_view, spelled

Pairs = tuple[tuple[str, str], ...]


class Crumb(Struct, frozen=True):
    """Something that happened before."""

    time: str
    category: str
    level: str
    message: str
    data: str


class RequestView(Struct, frozen=True):
    """The HTTP request during which it happened."""

    method: str
    url: str
    headers: Pairs
    body: str


class EventView(Struct, frozen=True):
    """A whole event, ready to be drawn."""

    event_id: str
    timestamp: float
    message: str
    reason: str
    mechanism: str
    exceptions: tuple[ExceptionView, ...]
    crumbs: tuple[Crumb, ...]
    tags: Pairs
    user: Pairs
    facts: Pairs
    contexts: tuple[tuple[str, Pairs], ...]
    request: RequestView | None


def event_view(event: StoredEvent) -> EventView:
    """The event, its exceptions from the one that was seen last to the first cause."""
    data, why = event.data, event.grouping
    return EventView(
        event_id=event.event_id,
        timestamp=event.timestamp,
        message=_message(data),
        reason=str(why.get("summary") or ""),
        mechanism=f"{why.get('mechanism', '?')} v{why.get('version', '?')}",
        exceptions=tuple(exception_view(one) for one in reversed(_values(data, "exception"))),
        crumbs=tuple(_crumb(one) for one in reversed(_values(data, "breadcrumbs"))),
        tags=_pairs(data.get("tags")),
        user=_pairs(data.get("user")),
        facts=_facts(data),
        contexts=tuple((name, _pairs(one)) for name, one in (data.get("contexts") or {}).items() if one),
        request=_request(data.get("request")),
    )


def _values(data: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    return [one for one in (data.get(field) or {}).get("values") or () if one]


def _message(data: Mapping[str, Any]) -> str:
    entry = data.get("logentry") or {}
    return spelled(entry.get("formatted") or entry.get("message"))


def _facts(data: Mapping[str, Any]) -> Pairs:
    names = ("release", "environment", "server_name", "platform", "logger", "transaction", "dist")
    sdk = data.get("sdk") or {}
    known = [(name, spelled(data.get(name))) for name in names]
    known.append(("sdk", " ".join(str(sdk[part]) for part in ("name", "version") if sdk.get(part))))
    return tuple((name, text) for name, text in known if text)


def _crumb(value: Mapping[str, Any]) -> Crumb:
    return Crumb(
        time=spelled(value.get("timestamp")),
        category=spelled(value.get("category") or value.get("type")),
        level=spelled(value.get("level")),
        message=spelled(value.get("message")),
        data=spelled(value.get("data") or None),
    )


def _request(value: Mapping[str, Any] | None) -> RequestView | None:
    if not value:
        return None
    query = "&".join(f"{name}={text}" for name, text in _pairs(value.get("query_string")))
    url = spelled(value.get("url")) + (f"?{query}" if query else "")
    return RequestView(spelled(value.get("method")), url, _pairs(value.get("headers")), spelled(value.get("data")))


def _pairs(value: Any) -> Pairs:
    """The pairs of an object or of a list of pairs."""
    pairs: Iterable[Any] = value.items() if isinstance(value, Mapping) else value or ()
    return tuple((str(name), spelled(content)) for name, content in pairs)
