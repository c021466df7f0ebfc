"""Hooks that see events: right answers within the budget, whatever the events are, and the same ones each time."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings

from amber.digesting.pipeline import answers_of
from amber.model import Additions, Event, Grouping
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.events import PROJECT, corpus, extreme_events
from amber.testing.strategies import events as hostile_events

HOOKS = ("enrich_events", "scrub_events", "group_events")
MANY = settings(
    max_examples=30, deadline=None, database=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck)
)  # deadlines are the dispatcher's, and the bench is the same for every example


def scrubbed(events: Sequence[Event]) -> Any:
    """A check that an answer holds these events in their order."""
    check = answers_of(Event, len(events), optional=False)

    def same(value: Any) -> Sequence[Event | None]:
        answers = check(value)
        ids = [one.id for one in answers if one is not None]
        assert ids == [event.id for event in events], "answer the same events in the same order"
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
    assert msgspec.json.encode(events) == before, f"{hook} changed an event it was given: answer a new one in its place"
    return [msgspec.json.decode(msgspec.json.encode(one)) for one in found]


def by_id(events: Sequence[Event], found: list[Any]) -> Mapping[str, Any]:
    """Each answer by the event it is about."""
    return {event.id: one for event, one in zip(events, found, strict=True)}


class EventsContract(Contract):
    suite = "hooks"

    def hooks_of(self, bench: Bench) -> list[str]:
        """Those that this plugin answers."""
        return [hook for hook in HOOKS if hook in bench.subject.hooks]

    @asked(*HOOKS)
    def test_events_as_apps_send_them_are_answered(self, bench: Bench) -> None:
        events = corpus()
        for hook in self.hooks_of(bench):
            assert len(answers(bench, hook, events)) == len(events), f"{hook}: answer one entry for each event"

    @asked(*HOOKS)
    def test_no_events_get_no_answers(self, bench: Bench) -> None:
        for hook in self.hooks_of(bench):
            assert answers(bench, hook, []) == [], f"{hook}: an empty batch is answered by an empty list"

    @asked(*HOOKS)
    def test_the_same_event_gets_the_same_answer_in_any_company(self, bench: Bench) -> None:
        events = corpus()
        for hook in self.hooks_of(bench):
            hint = f"{hook}: what is said of an event must follow from that event alone, whatever stands beside it"
            first = by_id(events, answers(bench, hook, events))
            assert by_id(events, answers(bench, hook, events)) == first, hint
            assert by_id(events[::-1], answers(bench, hook, events[::-1])) == first, hint
            assert {event.id: answers(bench, hook, [event])[0] for event in events} == first, hint

    @asked(*HOOKS)
    def test_extreme_events_are_answered_within_the_budget(self, bench: Bench) -> None:
        for hook in self.hooks_of(bench):
            for event in extreme_events():
                answers(bench, hook, [event])

    @asked(*HOOKS)
    def test_hostile_events_are_answered(self, bench: Bench) -> None:
        hooks = self.hooks_of(bench)

        @MANY
        @given(events=hostile_events())
        def survive(events: list[Event]) -> None:
            for hook in hooks:
                hint = f"{hook}: the same events must get the same answers"
                assert answers(bench, hook, events) == answers(bench, hook, events), hint

        survive()

    @asked("enrich_events")
    def test_what_is_added_can_be_searched_and_shown(self, bench: Bench) -> None:
        found = answers(bench, "enrich_events", [*corpus(), *extreme_events()])
        added = [one for one in found if one is not None]
        assert [one for one in added if not all(one["tags"].values())] == [], "an empty tag says nothing: leave it out"
        stray = [link for one in added for link in one["links"] if not link[1].startswith(("https://", "http://"))]
        assert stray == [], "a link begins with https:// or http://"

    @asked("group_events")
    def test_a_grouping_explains_itself(self, bench: Bench) -> None:
        decided = [one for one in answers(bench, "group_events", corpus()) if one is not None]
        dumb = [one for one in decided if not (one["mechanism"] and one["key"] and one["summary"])]
        assert dumb == [], "give each Grouping a mechanism, a key and a sentence for people"
