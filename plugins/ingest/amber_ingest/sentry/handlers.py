"""What becomes of the item types this plugin takes itself: attachments and client reports."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from amber.errors import Reject
from amber.model import Attachment, Handled, Item, OutcomeCount
from amber_ingest.normalise.encoding import clean
from amber_ingest.sentry.kinds import is_count
from amber_ingest.sentry.payloads import read_object
from amber_ingest.wire.ids import derived_id

if TYPE_CHECKING:
    from amber import Context

REPORTED = (
    ("discarded_events", ""),
    ("rate_limited_events", "ratelimit_backoff"),
    ("filtered_events", "filtered"),
    ("filtered_sampling_events", "sample_rate"),
)
"""The lists of a client report, and the reason that holds where an entry gives none."""
MAX_QUANTITY = 2**31 - 1


def store_attachments(items: Sequence[Item], ctx: "Context[Any]") -> list[Handled]:
    """Keep the bytes in the blob store, then what they are in the event store; keyed, so repeats are harmless."""
    kept = [item for item in items if item.event_id]
    rows = [_attachment(item) for item in kept]
    for item, row in zip(kept, rows, strict=True):
        ctx.role("blob_store").put(row.blob, item.payload)
    if rows:
        ctx.role("event_store").write_attachments(rows)
    return [Handled() if item.event_id else Handled("invalid", "attachment without an event id") for item in items]


def count_reports(items: Sequence[Item], ctx: "Context[Any]") -> list[Handled]:
    """Take what SDKs say they threw away into the outcomes."""
    return [_report(item) for item in items]


def _attachment(item: Item) -> Attachment:
    headers = item.headers
    name, kind = _text(headers, "filename", "unnamed"), _text(headers, "attachment_type", "event.attachment")
    # by what it is, not by the request it came in: an event that is sent again brings no second copy of its files
    identity = derived_id(str(item.project), item.event_id, name, kind, sha256(item.payload).hexdigest())
    return Attachment(
        id=identity,
        project=item.project,
        event_id=item.event_id,
        name=name,
        content_type=_text(headers, "content_type", "application/octet-stream"),
        type=kind,
        size=len(item.payload),
        blob=f"attachments/{item.project}/{item.event_id}/{identity}",
        received_at=item.received_at,
    )


def _text(headers: Any, name: str, default: str) -> str:
    value = headers.get(name)
    return clean(value[:255]) if isinstance(value, str) and value else default


def _report(item: Item) -> Handled:
    try:
        report = read_object(item.payload, "client_report")
    except Reject as refused:
        return Handled("invalid", refused.detail)
    return Handled(counts=tuple(_counts(item, report)))


def _counts(item: Item, report: dict[str, Any]) -> Iterator[OutcomeCount]:
    hour = int(item.received_at // 3600)
    for name, default in REPORTED:
        entries = report.get(name)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and _says_something(entry):
                reason, category = _text(entry, "reason", default), entry["category"][:64]
                yield OutcomeCount(item.project, category, "client_discard", reason, entry["quantity"], hour)


def _says_something(entry: dict[str, Any]) -> bool:
    quantity = entry.get("quantity")
    return isinstance(entry.get("category"), str) and is_count(quantity) and quantity <= MAX_QUANTITY
