from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amber.digesting.pipeline import FALLBACK, Pipeline, by_project, fallback, key_of
from amber.errors import PluginError, Reject, Unavailable
from amber.model import Additions, Event, Grouping, Project

pytestmark = pytest.mark.anyio
Make = Callable[..., Event]
PARTS = st.lists(st.tuples(st.text(), st.text()), max_size=4)


def break_down() -> None:
    raise ZeroDivisionError("oh")


def reject() -> None:
    raise Reject("a plugin has no say in this")


async def never() -> None:
    import asyncio

    await asyncio.Event().wait()


RUBBISH = [
    break_down,
    reject,
    never,
    lambda: None,
    lambda: 5,
    lambda: "ab",
    lambda: [],
    lambda: [1, 2],
    lambda: {"a": 1},
]


@pytest.fixture
def pair(make_event: Make) -> list[Event]:
    return [make_event(1), make_event(2)]


async def test_what_plugins_add_is_merged_under_their_names(house: Any, pair: list[Event], project: Project) -> None:
    added = Additions(tags={"release": "1"})
    house.add("a", enrich_events=lambda events: [added, None])
    house.add("b", enrich_events=lambda: [Additions(links=(("x", "y"),)), None])
    first, second = await Pipeline(house.dispatcher).enrich(pair, project)
    assert first.additions == {"a": added, "b": Additions(links=(("x", "y"),))}
    assert second is pair[1]


@pytest.mark.parametrize("bad", RUBBISH)
async def test_events_go_on_without_a_plugin_that_fails_to_enrich(
    house: Any, pair: list[Event], project: Project, bad: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.add("bad", enrich_events=bad, budget_ms=20)
    house.add("good", enrich_events=lambda: [Additions(), None])
    first, second = await Pipeline(house.dispatcher).enrich(pair, project)
    assert (list(first.additions), second) == (["good"], pair[1])
    assert house.metrics.cost("bad").errors == 1
    assert "plugin bad failed in enrich_events" in caplog.text


async def test_scrubbers_work_one_after_the_other(house: Any, pair: list[Event], project: Project) -> None:
    def add(letter: str) -> Any:
        return lambda events: [replace(event, data={"seen": event.data.get("seen", "") + letter}) for event in events]

    house.add("b", scrub_events=add("b"))
    house.add("a", scrub_events=add("a"))
    scrubbed = await Pipeline(house.dispatcher).scrub(pair, project)
    assert [event.data for event in scrubbed if isinstance(event, Event)] == [{"seen": "ab"}] * 2


async def test_without_a_scrubber_no_event_passes(house: Any, pair: list[Event], project: Project) -> None:
    found = await Pipeline(house.dispatcher).scrub(pair, project)
    assert [isinstance(one, PluginError) for one in found] == [True, True]


@pytest.mark.parametrize(
    "bad", [*RUBBISH, lambda events: events[::-1] if len(events) > 1 else [replace(events[0], id="f" * 32)]]
)
async def test_what_a_scrubber_fails_on_never_passes(house: Any, pair: list[Event], project: Project, bad: Any) -> None:
    house.add("bad", scrub_events=bad, budget_ms=20)
    found = await Pipeline(house.dispatcher).scrub(pair, project)
    assert [getattr(one, "plugin", "") for one in found] == ["bad", "bad"]
    assert house.metrics.cost("bad").errors


@pytest.mark.parametrize("count", [1, 2, 3, 7])
async def test_an_event_that_breaks_a_scrubber_takes_no_other_with_it(
    house: Any, make_event: Make, project: Project, count: int
) -> None:
    def scrub_events(events: Sequence[Event]) -> Sequence[Event]:
        if any(event.data.get("poison") for event in events):
            raise ValueError("poison")
        return events

    house.add("p", scrub_events)
    events = [make_event(number, poison=number in (1, 5)) for number in range(count)]
    found = await Pipeline(house.dispatcher).scrub(events, project)
    assert [isinstance(one, PluginError) for one in found] == [number in (1, 5) for number in range(count)]
    assert [one for one in found if isinstance(one, Event)] == [event for event in events if not event.data["poison"]]


async def test_an_outage_is_no_reason_to_set_events_aside(house: Any, pair: list[Event], project: Project) -> None:
    def scrub_events() -> None:
        raise Unavailable("the database is away")

    house.add("p", scrub_events)
    with pytest.raises(Unavailable):
        await Pipeline(house.dispatcher).scrub(pair, project)


def grouping(key: str) -> Grouping:
    return Grouping("test", 1, key, "for a test")


async def test_the_first_plugin_that_decides_groups_an_event(house: Any, make_event: Make, project: Project) -> None:
    asked: list[int] = []

    def second(events: Sequence[Event]) -> Sequence[Grouping]:
        asked.extend(int(event.id, 16) for event in events)
        return [grouping("second")] * len(events)

    house.add(
        "a", group_events=lambda events: [grouping("first") if event.id.endswith("1") else None for event in events]
    )
    house.add("b", group_events=second)
    house.add("c", group_events=lambda: pytest.fail("asked although everything is decided"))
    found = await Pipeline(house.dispatcher).group([make_event(number) for number in (1, 2, 3)], project)
    assert [one.grouping.key for one in found] == ["first", "second", "second"]
    assert asked == [2, 3]
    assert house.metrics.cost("c").calls == 0


def in_lists(events: Sequence[Event]) -> list[Grouping]:
    """Groupings whose parts, against what they declare, could be changed by anybody."""
    parts: Any = [["frame", "f"]]
    return [Grouping("x", 1, "k", "why", parts) for _ in events]


@pytest.mark.parametrize("bad", [*RUBBISH, in_lists])
async def test_the_next_plugin_groups_when_one_fails(house: Any, pair: list[Event], project: Project, bad: Any) -> None:
    house.add("bad", group_events=bad, budget_ms=20)
    pipeline = Pipeline(house.dispatcher)
    found = await pipeline.group(pair, project)
    assert [one.grouping.mechanism for one in found] == [FALLBACK, FALLBACK]
    house.add("good", group_events=lambda events: [grouping("k") for _ in events])
    assert [one.grouping.key for one in await pipeline.group(pair, project)] == ["k", "k"]
    assert house.metrics.cost("bad").errors >= 2


async def test_an_event_that_cannot_be_grouped_does_not_move_the_others(
    house: Any, make_event: Make, project: Project
) -> None:
    def fussy(events: Sequence[Event]) -> Sequence[Grouping]:
        assert all(event.id != "3".zfill(32) for event in events), "not this one"
        return [grouping("k") for _ in events]

    house.add("fussy", group_events=fussy)
    for _ in range(3):  # nor does it keep the plugin from being asked the next time
        found = await Pipeline(house.dispatcher).group([make_event(number) for number in range(1, 6)], project)
        assert [one.grouping.mechanism for one in found] == ["test", "test", FALLBACK, "test", "test"]


async def test_a_grouped_event_has_title_and_culprit(house: Any, make_event: Make, project: Project) -> None:
    [found] = await Pipeline(house.dispatcher).group([make_event(logentry={"message": "m"}, transaction="/t")], project)
    assert (found.title, found.culprit) == ("m", "/t")


def test_the_kernels_own_grouping_can_be_repeated_from_its_parts(make_event: Make) -> None:
    one, same, other = make_event(1, transaction="/t"), make_event(2, transaction="/t"), make_event(3, transaction="/u")
    assert fallback(one).key == fallback(same).key != fallback(other).key
    assert key_of(FALLBACK, 1, fallback(one).parts) == fallback(one).key
    assert fallback(make_event(1)).key != fallback(make_event(2)).key


@given(st.text(), st.integers(), PARTS, st.text(), st.integers(), PARTS)
def test_a_key_has_no_ambiguities(m1: str, v1: int, p1: Any, m2: str, v2: int, p2: Any) -> None:
    is_same = (m1, v1, [value for _, value in p1]) == (m2, v2, [value for _, value in p2])
    assert (key_of(m1, v1, p1) == key_of(m2, v2, p2)) == is_same


@given(st.text(min_size=1), st.data())
def test_a_part_cannot_run_into_the_next(text: str, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))
    keys = [key_of("m", 1, [("a", text[:cut]), ("b", text[cut:])]) for cut in (first, second)]
    assert (keys[0] == keys[1]) == (first == second)
    assert key_of("m", 1, [("a", text)]) not in keys


def test_half_a_surrogate_can_be_part_of_a_key() -> None:
    assert key_of("m", 1, [("a", "\ud800")]) != key_of("m", 1, [("a", "\ud801")])


def test_events_are_parted_by_project(make_event: Make) -> None:
    a, b, c = make_event(1, project=1), make_event(2, project=2), make_event(3, project=1)
    assert by_project([a, b, c]) == {1: [a, c], 2: [b]}


async def test_a_project_that_does_without_a_plugin_is_neither_enriched_nor_grouped_by_it(
    house: Any, pair: list[Event], project: Project
) -> None:
    house.add("a", enrich_events=lambda events: [Additions(tags={"a": "1"}) for _ in events])
    house.add("b", group_events=lambda events: [Grouping("b", 1, "k", "") for _ in events])
    house.dispatcher.is_off = lambda plugin, organisation, asked: (
        (organisation, asked)
        == (
            project.organisation,
            project.id,
        )
    )
    pipeline = Pipeline(house.dispatcher)
    enriched = await pipeline.enrich(pair, project)
    assert [event.additions for event in enriched] == [{}, {}]
    assert {one.grouping.mechanism for one in await pipeline.group(enriched, project)} == {FALLBACK}
    other = replace(project, id=project.id + 1)
    assert [set(event.additions) for event in await pipeline.enrich(pair, other)] == [{"a"}, {"a"}]
    assert {one.grouping.mechanism for one in await pipeline.group(pair, other)} == {"b"}
