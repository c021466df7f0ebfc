"""Reports browsers send when a page breaks its own security policy."""

from typing import Any
from urllib.parse import urlsplit

from amber.model import Event
from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.encoding import sound
from amber_ingest.normalise.event import normalise_event
from amber_ingest.normalise.ids import made_id

WRAPPERS = {
    "csp-report": "csp",
    "expect-ct-report": "expectct",
    "expect-staple-report": "expectstaple",
    "known-pins": "hpkp",
}
REPORTING_API = {
    "documentURL": "document-uri",
    "blockedURL": "blocked-uri",
    "effectiveDirective": "effective-directive",
    "originalPolicy": "original-policy",
    "statusCode": "status-code",
    "sourceFile": "source-file",
    "lineNumber": "line-number",
    "columnNumber": "column-number",
    "sample": "script-sample",
    "referrer": "referrer",
    "disposition": "disposition",
}
LOCAL = frozenset({"self", "inline", "eval", "data", "blob", "about", "wasm-eval", "trusted-types-sink"})
"""What a browser names in place of the address it blocked."""


def normalise_security(raw_report: object, arrival: Arrival) -> Event:
    """The event a security report makes, from its own form or the Reporting API's; never raises.

    Of several reports in a list the first is taken: whoever reads the item hands them over one by one.
    """
    report = sound(raw_report)
    if isinstance(report, list):
        report = report[0] if report else None
    kind, body = _body(report)
    event_id = arrival.event_id or made_id("security", arrival, report)
    if body is None:
        return normalise_event({"event_id": event_id, "csp": report if report else {}}, arrival)
    return normalise_event({"event_id": event_id, **_event(kind, body, arrival)}, arrival)


def _body(report: Any) -> tuple[str, dict[str, Any] | None]:
    """The kind of a report and its fields under the names of the older form."""
    if not isinstance(report, dict):
        return "csp", None
    for field, kind in WRAPPERS.items():
        if field == "known-pins" and field in report:
            return kind, report
        if isinstance(report.get(field), dict):
            return kind, report[field]
    if isinstance(report.get("body"), dict):
        body = {REPORTING_API.get(name, name): content for name, content in report["body"].items()}
        return "csp", body
    return "csp", report


def _event(kind: str, body: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    if kind != "csp":
        host = str(body.get("hostname") or "")
        return {kind: body, "logentry": f"{kind} failed for '{host}'", "tags": {"hostname": host}, "level": "error"}
    directive, blocked = _directive(body), _text(body, "blocked-uri")
    tags = {"effective-directive": directive, "blocked-uri": blocked}
    return {
        "csp": body,
        "logger": "csp",
        "level": "error",
        "logentry": f"Blocked '{directive}' from '{_source(blocked, _text(body, 'document-uri'))}'",
        "tags": {name: text[:200] for name, text in tags.items() if text},
        "request": {
            "url": _text(body, "document-uri") or None,
            "headers": _headers(arrival, _text(body, "referrer")),
        },
    }


def _headers(arrival: Arrival, referrer: str) -> list[list[str]]:
    pairs = [["User-Agent", arrival.user_agent], ["Referer", referrer]]
    return [pair for pair in pairs if pair[1]]


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    return value if isinstance(value, str) else ""


def _directive(body: dict[str, Any]) -> str:
    """The directive that was broken, without the sources older browsers put after it."""
    given = _text(body, "effective-directive") or _text(body, "violated-directive")
    return (given.split() or [""])[0][:64]


def _source(blocked: str, document: str) -> str:
    """Where the blocked thing came from, as a person reads it: a host, or a word such as `self` or `inline`."""
    if not blocked or blocked in LOCAL:
        return blocked or "self"
    host = _host(blocked)
    if not host:
        return blocked.partition(":")[0][:64]
    return "self" if host == _host(document) else host


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "")[:256]
    except ValueError:
        return ""
