"""Breadcrumbs as a page shows them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber_console.home.issue.values import Pairs, mapping, moment, objects, pairs, spelled

HTTP = ("method", "http.method", "url", "status_code", "http.response.status_code", "reason")
"""What of an HTTP breadcrumb's data its line says already."""


class Crumb(Struct, frozen=True):
    """Something that happened before; `at` is Unix seconds, `before` how long before the event, in words."""

    at: float | None
    before: str
    category: str
    level: str
    message: str
    data: Pairs


def crumb_views(value: object, event_at: float) -> tuple[Crumb, ...]:
    """The breadcrumbs of an event, the most recent first."""
    return tuple(_shown(one, event_at) for one in reversed(objects(value)))


def before(seconds: float) -> str:
    """How long before the event: `0 s`, `−1.2 s`, `−3 min 20 s`, `−2 h 5 min`; after it with a plus."""
    sign, size = "−" if seconds >= 0 else "+", abs(seconds)
    if size < 0.05:
        return "0 s"
    if size < 60:
        return f"{sign}{size:.1f} s" if size < 10 else f"{sign}{size:.0f} s"
    if size < 3600:
        return f"{sign}{int(size // 60)} min {int(size % 60)} s"
    return f"{sign}{int(size // 3600):,} h {int(size % 3600 // 60)} min"


def _shown(value: Mapping[str, Any], event_at: float) -> Crumb:
    at = moment(value.get("timestamp"))
    data, message = mapping(value.get("data")), spelled(value.get("message"))
    request = _request(data) if value.get("type") == "http" or value.get("category") == "http" else ""
    rest = {name: content for name, content in data.items() if not request or name not in HTTP}
    return Crumb(
        at=at,
        before="" if at is None else before(event_at - at),
        category=spelled(value.get("category") or value.get("type")),
        level=spelled(value.get("level")) or "info",
        message=" · ".join(text for text in (request, message) if text),
        data=pairs(rest) or _unnamed(value.get("data")),
    )


def _request(data: Mapping[str, Any]) -> str:
    method = spelled(data.get("method") or data.get("http.method"))
    status = spelled(data.get("status_code") or data.get("http.response.status_code"))
    said = " ".join(word for word in (method, spelled(data.get("url")), f"→ {status}" if status else "") if word)
    reason = spelled(data.get("reason"))
    return f"{said} {reason}" if reason and said else said


def _unnamed(data: object) -> Pairs:
    return () if isinstance(data, Mapping) or not data else (("data", spelled(data)),)
