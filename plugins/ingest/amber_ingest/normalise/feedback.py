"""What people write about an error, in the older form of user reports."""

from typing import Any

from amber.model import Event
from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.encoding import sound
from amber_ingest.normalise.event import normalise_event
from amber_ingest.normalise.ids import content_id, parse_id

FIELDS = {"name": "name", "email": "contact_email", "comments": "message"}


def normalise_feedback(raw: object, arrival: Arrival) -> Event:
    """The event of type `feedback` a user report `{event_id, name, email, comments}` makes; never raises.

    Its id is its own: the report's `event_id` names the error it is about, which is kept as `associated_event_id`. The
    same report sent again has the same id, so it is kept once.
    """
    report = sound(raw)
    given: dict[str, Any] = report if isinstance(report, dict) else {}
    context = {new: given[old] for old, new in FIELDS.items() if isinstance(given.get(old), str)}
    about = parse_id(given.get("event_id")) or parse_id(arrival.event_id)
    if about:
        context["associated_event_id"] = about
    event = {
        "event_id": content_id("feedback", arrival.project, [about, report]),
        "type": "feedback",
        "level": "info",
        "contexts": {"feedback": context},
    }
    return normalise_event(event, arrival)
