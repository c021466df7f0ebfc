"""What becomes of the item types this plugin takes itself: attachments and client reports."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from amber.errors import Reject
from amber.model import Attachment, Handled, Item, OutcomeCount
from amber_ingest.sentry.kinds import is_count
from amber_ingest.sentry.payloads import read_object
from amber_ingest.wire.ids import blob_name

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
    return Attachment(
        id=item.id,
        project=item.project,
        event_id=item.event_id,
        name=_text(headers, "filename", "unnamed"),
        content_type=_text(headers, "content_type", "application/octet-stream"),
        type=_text(headers, "attachment_type", "event.attachment"),
        size=len(item.payload),
        blob=f"attachments/{item.project}/{item.event_id}/{blob_name(item.id)}",
        received_at=item.received_at,
    )


def _text(headers: Any, name: str, default: str) -> str:
    value = headers.get(name)
    return value[:255] if isinstance(value, str) and value else default


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
