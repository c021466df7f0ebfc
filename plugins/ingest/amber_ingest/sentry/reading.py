"""What the edge does with a request: open it, check it against the limits, note what the worker needs."""

from typing import Any

from amber.errors import Reject
from amber.model import IngestRequest, Reading
from amber_ingest.normalise.ids import parse_id
from amber_ingest.sentry.credentials import Shown, check_agreement, shown_key
from amber_ingest.sentry.envelope import Envelope, EnvelopeItem
from amber_ingest.sentry.kinds import check_limits, kind_of, note_of
from amber_ingest.sentry.opening import form_of, open_body
from amber_ingest.sentry.payloads import read_head
from amber_ingest.sentry.peeking import peek
from amber_ingest.wire.encodings import encoding_name, inflate
from amber_ingest.wire.forms import mime_type
from amber_ingest.wire.ids import new_id

REPORT_MIMES = frozenset({"application/json", "application/csp-report", "application/reports+json"})
OBJECTS = frozenset({"event", "transaction", "feedback", "security"})
"""The types whose payload must be a JSON object; whatever else is in it, is mended later."""


def read(request: IngestRequest, project: int, max_inflated: int) -> Reading:
    """What is in a request; raises Reject where it breaks the protocol."""
    form = form_of(request)
    _check_mime(request, form)
    shown = shown_key(request)
    meta = _meta(request, form, shown)
    encoding, body = _encoded(request)
    envelope = peek(body, max_inflated) if form == "envelope" and encoding == "gzip" else None
    if envelope is None:
        envelope = open_body(form, inflate(body, encoding, max_inflated), meta)
    else:
        meta["is_single"] = True
    if form == "security":
        for item in envelope.items:
            check_limits([item])  # a browser sends several reports in one list, so each has the limit for itself
    else:
        check_agreement(request, shown, project, envelope.headers)
        check_limits(envelope.items)
    events = [item for item in envelope.items if kind_of(item.type).makes_event]
    event_id = meta["event_id"] = _event_id(request, envelope, events)
    return Reading(
        items=tuple(map(note_of, envelope.items)),
        meta=meta,
        encoding=encoding,
        body=None if body is request.body else body,
        event_id=event_id if events else "",
    )


def _check_mime(request: IngestRequest, form: str) -> None:
    if form == "security" and mime_type(request.headers.get("content-type", "")) not in REPORT_MIMES:
        raise Reject(f"unsupported content type: send one of {', '.join(sorted(REPORT_MIMES))}", status=415)


def _encoded(request: IngestRequest) -> tuple[str, bytes]:
    """The body and its encoding; a GET carries the body in its query."""
    if request.method == "GET":
        return "", request.query.get("sentry_data", "").encode()
    return encoding_name(request.headers.get("content-encoding", "")), request.body


def _meta(request: IngestRequest, form: str, shown: Shown | None) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "form": form,
        "client": shown.client if shown else "",
        "client_ip": request.client_ip,
        "user_agent": request.headers.get("user-agent", ""),
    }
    if form in ("minidump", "attachments"):
        meta["mime"] = request.headers.get("content-type", "")
    if form == "security":
        names = ("sentry_release", "sentry_environment")
        meta["report_headers"] = {name: request.query[name] for name in names if request.query.get(name)}
    return meta


def _event_id(request: IngestRequest, envelope: Envelope, events: list[EnvelopeItem]) -> str:
    """The id of what this request tells of: its own, else its event's, else a new one where it makes an event."""
    stated = envelope.headers.get("event_id", request.path.get("event_id"))
    known = parse_id(stated)
    if stated is not None and not known:
        raise Reject("invalid event_id: it is no UUID")
    carried = [_carried_id(item) for item in events if item.size < 0]
    return known or next(filter(None, carried), "") or (new_id() if events else "")


def _carried_id(item: EnvelopeItem) -> str:
    if item.type not in OBJECTS:
        return ""
    return parse_id(read_head(item.payload, item.type).event_id)
