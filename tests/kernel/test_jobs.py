"""What a feedback event becomes, whether its fields came as objects or as JSON."""

import msgspec

from amber.digesting.jobs import feedback_of
from amber.model import Body, Event, Json

TOLD = {"feedback": {"message": "it broke", "name": "Ann", "contact_email": "a@b", "associated_event_id": "e" * 32}}


def test_feedback_whose_fields_were_kept_as_they_came_can_be_stored() -> None:
    body = Body({"contexts": TOLD, "modules": Json(b'{"django":"5.1"}')})
    entry = feedback_of(Event("f" * 32, 1, "feedback", 1.0, 2.0, body, "feedback"))
    assert (entry.message, entry.name, entry.email, entry.event_id) == ("it broke", "Ann", "a@b", "e" * 32)
    assert msgspec.json.decode(msgspec.json.encode(entry.data)) == {"contexts": TOLD, "modules": {"django": "5.1"}}
