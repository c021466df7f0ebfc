"""Hooks that see events: right answers within the budget, whatever the events are, and the same ones each time."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings

from amber.model import Additions, Event, Grouping
from amber.pipeline import answers_of
from amber.testing.contract.plugin.subject import Bench, Contract
from amber.testing.events import PROJECT, extreme_events, hostile_events, real_events

HOOKS = ("enrich_events", "scrub_events", "group_events")
MANY = settings(
    max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)  # deadlines are the dispatcher's, and the bench is the same for every example


def scrubbed(events: Sequence[Event]) -> Any:
    """A check that an answer holds these events in their order."""
    check = answers_of(Event, len(events), optional=False)

    def same(value: Any) -> Sequence[Event | None]:
        answers = check(value)
        assert [one.id for one in answers if one is not None] == [event.id for event in events]
        return answers

    return same


def answers(bench: Bench, hook: str, events: Sequence[Event]) -> list[Any]:
    """What the plugin makes of a batch, in builtins; it must not have changed the events it was given."""
    checks = {
        "enrich_events": answers_of(Additions, len(events), optional=True),
        "scrub_events": scrubbed(events),
        "group_events": answers_of(Grouping, len(events), optional=True),
    }
    before = msgspec.json.encode(events)
    found = bench.ask(hook, checks[hook], events=tuple(events), project=PROJECT)
    assert msgspec.json.encode(events) == before, f"{hook} changed an event it was given"
    return [msgspec.json.decode(msgspec.json.encode(one)) for one in found]


def by_id(events: Sequence[Event], found: list[Any]) -> Mapping[str, Any]:
    """Each answer by the event it is about."""
    return {event.id: one for event, one in zip(events, found, strict=True)}


class EventsContract(Contract):
    def hooks_of(self, bench: Bench) -> list[str]:
        """Those that this plugin answers."""
        return [hook for hook in HOOKS if hook in bench.subject.hooks]

    def test_events_as_apps_send_them_are_answered(self, bench: Bench) -> None:
        events = real_events()
        for hook in self.hooks_of(bench):
            assert len(answers(bench, hook, events)) == len(events)
            assert answers(bench, hook, []) == []

    def test_the_same_event_gets_the_same_answer_in_any_company(self, bench: Bench) -> None:
        events = real_events()
        for hook in self.hooks_of(bench):
            first = by_id(events, answers(bench, hook, events))
            assert by_id(events, answers(bench, hook, events)) == first
            assert by_id(events[::-1], answers(bench, hook, events[::-1])) == first
            assert {event.id: answers(bench, hook, [event])[0] for event in events} == first

    def test_extreme_events_are_answered_within_the_budget(self, bench: Bench) -> None:
        for hook in self.hooks_of(bench):
            for event in extreme_events():
                answers(bench, hook, [event])

    def test_hostile_events_are_answered(self, bench: Bench) -> None:
        hooks = self.hooks_of(bench)

        @MANY
        @given(events=hostile_events())
        def survive(events: list[Event]) -> None:
            for hook in hooks:
                assert answers(bench, hook, events) == answers(bench, hook, events)

        if hooks:
            survive()

    def test_what_is_added_can_be_searched_and_shown(self, bench: Bench) -> None:
        events = [*real_events(), *extreme_events()]
        found = answers(bench, "enrich_events", events) if "enrich_events" in bench.subject.hooks else []
        added = [one for one in found if one is not None]
        assert [one for one in added if not all(one["tags"].values())] == [], "an empty tag says nothing: leave it out"
        assert [link for one in added for link in one["links"] if not link[1].startswith(("https://", "http://"))] == []

    def test_a_grouping_explains_itself(self, bench: Bench) -> None:
        events = real_events()
        found = answers(bench, "group_events", events) if "group_events" in bench.subject.hooks else []
        decided = [one for one in found if one is not None]
        assert [one for one in decided if not (one["mechanism"] and one["key"] and one["summary"])] == []
