"""What a worker makes of a submission: events and items, and an outcome for whatever cannot be used."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from amber.errors import Reject
from amber.model import Decoded, Event, Item, OutcomeCount, Submission
from amber_ingest.normalise import (
    Arrival,
    normalise_event,
    normalise_feedback,
    normalise_security,
    split,
)
from amber_ingest.normalise.attributes import environment, release
from amber_ingest.normalise.ids import parse_id
from amber_ingest.normalise.notes import Notes
from amber_ingest.normalise.times import parse_time
from amber_ingest.sentry.envelope import Envelope, EnvelopeItem
from amber_ingest.sentry.kinds import note_of
from amber_ingest.sentry.opening import open_body
from amber_ingest.sentry.payloads import read_object
from amber_ingest.wire.encodings import inflate
from amber_ingest.wire.ids import derived_id

EVENTS = ("event", "feedback")
REPORTS = {
    "security": normalise_security,
    "raw_security": normalise_security,
    "user_report": normalise_feedback,
}
"""The item types that become events here, beside `EVENTS`; all others go on as items to the plugin that claims them."""


class _Source(Struct, frozen=True):
    """What all items of one submission share."""

    submission: Submission
    headers: dict[str, Any]
    event_id: str


def decode(submission: Submission, max_inflated: int) -> Decoded:
    """The events and items of a submission; the same at every delivery, whatever the bytes are."""
    try:
        data = inflate(submission.body, submission.encoding, max_inflated)
        envelope = open_body(str(submission.meta.get("form", "envelope")), data, submission.meta)
        if submission.meta.get("is_single") and len(envelope.items) != 1:
            raise Reject("the body holds more than its first bytes say")
    except Reject as refused:
        return Decoded(outcomes=(_unreadable(submission, refused.detail),))
    return _decode_items(submission, envelope)


def _decode_items(submission: Submission, envelope: Envelope) -> Decoded:
    event_id = parse_id(envelope.headers.get("event_id")) or parse_id(submission.meta.get("event_id"))
    source = _Source(submission, envelope.headers, event_id)
    events: list[Event] = []
    items: list[Item] = []
    outcomes: list[OutcomeCount] = []
    for index, item in enumerate(envelope.items):
        if index in submission.dropped:
            continue
        if item.type not in EVENTS and item.type not in REPORTS:
            items.append(_item(source, index, item))
            continue
        try:
            events.append(_event(source, index, item))
        except Reject as refused:
            outcomes.append(_invalid(submission, note_of(item).category, _reason(refused)))
    return Decoded(tuple(events), tuple(items), tuple(outcomes))


def _event(source: _Source, index: int, item: EnvelopeItem) -> Event:
    arrival = _arrival(source, index, item)
    if item.type in EVENTS:
        raw, kept = split(item.payload) or (read_object(item.payload, item.type), {})
        _complete(raw, source.headers, arrival)
        return normalise_event(raw, arrival, kept)
    event = REPORTS[item.type](read_object(item.payload, item.type), arrival)
    return _released(event, item.headers) if item.type == "raw_security" else event


def _complete(raw: dict[str, Any], headers: Mapping[str, Any], arrival: Arrival) -> None:
    """What the envelope says of an event: its id, which is the one the client heard, and the SDK."""
    if parse_id(raw.get("event_id")) and arrival.event_id:
        raw["event_id"] = arrival.event_id
    if not raw.get("sdk") and isinstance(headers.get("sdk"), dict):
        raw["sdk"] = headers["sdk"]


def _released(event: Event, headers: Mapping[str, Any]) -> Event:
    """A report with the release and environment of its address; browsers put neither into the report."""
    notes = Notes(None, None)
    stated = {
        "release": release(headers.get("sentry_release", ""), notes, ("release",)),
        "environment": environment(headers.get("sentry_environment", ""), notes, ("environment",)),
    }
    known = {name: value for name, value in stated.items() if value}
    return structs.replace(event, data={**event.data, **known})


def _arrival(source: _Source, index: int, item: EnvelopeItem) -> Arrival:
    submission, meta = source.submission, source.submission.meta
    return Arrival(
        project=submission.project,
        received_at=submission.received_at,
        sent_at=_sent_at(source.headers.get("sent_at")),
        client_ip=str(meta.get("client_ip", "")),
        user_agent=str(meta.get("user_agent", "")),
        sdk=str(meta.get("client", "")),
        event_id=_own_id(source, index, item),
        item_type=item.type,
    )


def _own_id(source: _Source, index: int, item: EnvelopeItem) -> str:
    """The id of the event this item becomes: the envelope's, but each further report of a list has its own."""
    if index and item.type == "raw_security":
        return derived_id(item.type, source.submission.id, str(index))
    return source.event_id


def _item(source: _Source, index: int, item: EnvelopeItem) -> Item:
    submission, note = source.submission, note_of(item)
    return Item(
        id=f"{submission.id}:{index}",
        type=item.type,
        category=note.category,
        project=submission.project,
        received_at=submission.received_at,
        payload=item.payload,
        event_id=source.event_id,
        headers=item.headers,
        quantity=note.quantity,
    )


def _sent_at(stated: object) -> float | None:
    """The client's clock; None where it says none that can be read."""
    return parse_time(stated) if isinstance(stated, str) else None


def _reason(refused: Reject) -> str:
    return ": ".join((refused.detail, *refused.causes))


def _unreadable(submission: Submission, reason: str) -> OutcomeCount:
    """What cannot be opened counts as one thing, or as the item that the edge knew by its header alone."""
    told = submission.meta if submission.meta.get("is_single") else {}
    category, quantity = next(iter(told.get("categories") or ("default",))), next(iter(told.get("quantities") or (1,)))
    return _invalid(submission, category, reason, quantity)


def _invalid(submission: Submission, category: str, reason: str, quantity: int = 1) -> OutcomeCount:
    hour = int(submission.received_at // 3600)
    return OutcomeCount(submission.project, category, "invalid", reason[:200], quantity, hour)
