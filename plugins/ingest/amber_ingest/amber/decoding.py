"""What a worker makes of an AMBER request: an event, or an item to hold."""

from amber.errors import Reject
from amber.model import Decoded, Event, Item, OutcomeCount, Submission
from amber_ingest.amber.checking import check
from amber_ingest.amber.reading import CATEGORIES, event_id_of, item_type, open_payload
from amber_ingest.amber.translation import translate
from amber_ingest.normalise import Arrival, normalise_event
from amber_ingest.wire.encodings import inflate


def decode(submission: Submission, max_inflated: int) -> Decoded:
    """The event or item of a submission; the same at every delivery, whatever the bytes are."""
    if submission.dropped:
        return Decoded()
    try:
        data = inflate(submission.body, submission.encoding, max_inflated)
        if submission.route == "event":
            return Decoded(events=(_event(submission, data),))
        return Decoded(items=(_item(submission, data),))
    except Reject as refused:
        return Decoded(outcomes=(_invalid(submission, refused.detail),))


def _event(submission: Submission, data: bytes) -> Event:
    payload = open_payload(data)
    check(payload, submission.route)
    arrival = Arrival(
        project=submission.project,
        received_at=submission.received_at,
        sent_at=None,
        client_ip=str(submission.meta.get("client_ip", "")),
        user_agent=str(submission.meta.get("user_agent", "")),
        sdk="",  # AMBER's SDKs name themselves in the event
        event_id=event_id_of(submission.project, payload["event_id"]),
        item_type="event",
    )
    return normalise_event(translate(payload), arrival)


def _item(submission: Submission, data: bytes) -> Item:
    payload = open_payload(data)
    check(payload, submission.route)
    event_id = event_id_of(submission.project, payload["event_id"])
    return Item(
        id=event_id,  # a client that sends the same again writes the same blob again
        type=item_type(submission.route),
        category=CATEGORIES[submission.route],
        project=submission.project,
        received_at=submission.received_at,
        payload=data,
        event_id=event_id,
    )


def _invalid(submission: Submission, reason: str) -> OutcomeCount:
    category = CATEGORIES.get(submission.route, "default")
    hour = int(submission.received_at // 3600)
    return OutcomeCount(submission.project, category, "invalid", reason[:200], 1, hour)
