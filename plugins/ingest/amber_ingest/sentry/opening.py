"""Every kind of request as an envelope, so that reading it at the edge and decoding it in a worker follow one way."""

from typing import Any

from amber.errors import Reject
from amber.model import IngestRequest
from amber_ingest.normalise import read_json
from amber_ingest.sentry.crash import read_attachments, read_minidump
from amber_ingest.sentry.credentials import carries_envelope
from amber_ingest.sentry.envelope import MAX_ITEMS, Envelope, EnvelopeItem, read_envelope
from amber_ingest.sentry.payloads import write_object
from amber_ingest.sentry.storebody import read_store


def form_of(request: IngestRequest) -> str:
    """What the body is, by route and by what it says of itself: a key of `open_body`."""
    if request.route in ("store", "store_keyed"):
        return "envelope" if carries_envelope(request) else "store"
    return "security" if request.route == "csp_report" else request.route


def open_body(form: str, data: bytes, meta: dict[str, Any]) -> Envelope:
    """The body, inflated, as an envelope; raises Reject where it cannot be read.

    `meta` holds what else of the request matters: `mime` (the whole Content-Type) and `report_headers`.
    """
    if form == "store":
        return read_store(data)
    if form == "security":
        return _read_reports(data, meta.get("report_headers") or {})
    if form == "minidump":
        return read_minidump(meta.get("mime", ""), data)
    if form == "attachments":
        return Envelope({}, read_attachments(meta.get("mime", ""), data))
    return read_envelope(data)


def _read_reports(data: bytes, headers: dict[str, str]) -> Envelope:
    """One report, or a list of them as the Reporting API sends."""
    try:
        value = read_json(data)
    except ValueError as error:
        raise Reject("invalid security report", causes=(str(error),)) from None
    reports = value if isinstance(value, list) else [value]
    if len(reports) > MAX_ITEMS:
        raise Reject(f"more than {MAX_ITEMS} security reports at once")
    if not reports:
        raise Reject("invalid security report: the list is empty")
    head = {**headers, "type": "raw_security"}
    return Envelope({}, tuple(EnvelopeItem(head, _write_report(report)) for report in reports))


def _write_report(report: object) -> bytes:
    if not isinstance(report, dict):
        raise Reject("invalid security report: it is no JSON object")
    return write_object(report, "security report")
