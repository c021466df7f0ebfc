"""What hypothesis makes for authors of plugins."""

import msgspec
from hypothesis import HealthCheck, given, settings

from amber.model import Event, Fact, Notification
from amber.testing import strategies

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(strategies.events())
def test_events_can_be_stored_and_told_apart(events: list[Event]) -> None:
    assert events
    assert msgspec.json.decode(msgspec.json.encode(events), type=list[Event]) == events
    assert len({event.id for event in events}) == len(events)


@FEW
@given(strategies.facts("issue.created"), strategies.facts())
def test_facts_are_of_the_types_asked_for(mine: Fact, any_fact: Fact) -> None:
    assert mine.type == "issue.created"
    assert any_fact.type in strategies.KINDS
    assert msgspec.json.decode(msgspec.json.encode(mine), type=Fact) == mine


@FEW
@given(strategies.notifications())
def test_notifications_are_whole(notification: Notification) -> None:
    assert msgspec.convert(msgspec.to_builtins(notification), Notification) == notification


@FEW
@given(strategies.envelopes())
def test_envelopes_begin_with_their_header(envelope: bytes) -> None:
    assert len(msgspec.json.decode(envelope.partition(b"\n")[0])["event_id"]) == 32
