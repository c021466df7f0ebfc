"""Stored events shown to one plugin: what it adds is kept with them, scrubbed, and nothing else is done."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from amber.bus import Message
from amber.errands.late import Enrich, LateEnricher
from amber.errors import PluginError, Reject, Retry
from amber.model import Additions, Event, Project, StoredEvent

pytestmark = pytest.mark.anyio


class Kept:
    """An event store with three events, and what was added to them."""

    def __init__(self) -> None:
        self.added: dict[str, Mapping[str, Additions]] = {}

    def get_event(self, project: int, id: str) -> StoredEvent | None:
        if id not in ("a", "b", "c"):
            return None
        data = {"type": "default", "extra": {"id": id}, "additions": {"other": {"tags": {"x": "y"}}}}
        return StoredEvent(id, project, "key", 1.0, 2.0, "", "", "error", data, {})

    def write_additions(self, project: int, additions: Mapping[str, Mapping[str, Additions]]) -> None:
        assert project == 1
        self.added |= additions


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def enricher(house: Any, kept: Kept, project: Project) -> LateEnricher:
    house.add("scrub", scrub_events)
    directory = SimpleNamespace(project=lambda ref: project if ref == "1" else None)
    kernel: Any = SimpleNamespace(dispatcher=house.dispatcher, stores=SimpleNamespace(events=kept, directory=directory))
    return LateEnricher(kernel, "late")


def scrub_events(events: Sequence[Event]) -> list[Event]:
    if any("poison" in event.additions["late"].tags for event in events):
        raise ValueError("cannot scrub this")
    clean = Additions(tags={"secret": "[Filtered]"})
    return [replace(e, additions={"late": clean}) if e.additions["late"].tags else e for e in events]


def message(*ids: str, project: int = 1) -> Message:
    return Message("TASKS@1", 1, "amber.v1.task.late.enrich", msgspec.json.encode(Enrich(project, ids)))


async def test_additions_are_scrubbed_and_kept(house: Any, enricher: LateEnricher, kept: Kept) -> None:
    seen: list[Event] = []

    def enrich_events(events: Sequence[Event]) -> list[Additions | None]:
        seen.extend(events)
        return [Additions(tags={"secret": "hunter2"}), None]

    house.add("late", enrich_events)
    assert await enricher.handle([message("a", "gone", "b")]) == [None]
    assert kept.added == {"a": {"late": Additions(tags={"secret": "[Filtered]"})}}
    assert [(one.id, one.type, one.data) for one in seen] == [
        (id, "default", {"type": "default", "extra": {"id": id}}) for id in ("a", "b")
    ]


async def test_what_is_gone_is_left_alone(house: Any, enricher: LateEnricher, kept: Kept) -> None:
    house.add("late", enrich_events=lambda events: [None for _ in events])
    verdicts = await enricher.handle([message("gone"), message("a", project=9), message("a")])
    assert verdicts == [None, None, None]
    assert kept.added == {}


async def test_an_event_that_cannot_be_scrubbed_is_tried_again_and_the_others_are_kept(
    house: Any, enricher: LateEnricher, kept: Kept
) -> None:
    tags = {"a": {"poison": "p"}, "b": {"t": "u"}}
    house.add("late", enrich_events=lambda events: [Additions(tags=tags[event.id]) for event in events])
    [verdict] = await enricher.handle([message("a", "b")])
    assert isinstance(verdict, PluginError)
    assert list(kept.added) == ["b"]


@pytest.mark.parametrize(("answer", "kind"), [(lambda events: [], PluginError), (lambda events: 1 / 0, PluginError)])
async def test_a_plugin_that_fails_is_asked_again_by_the_rules_of_the_queue(
    house: Any, enricher: LateEnricher, kept: Kept, answer: Any, kind: type[Exception]
) -> None:
    house.add("late", enrich_events=answer)
    [verdict] = await enricher.handle([message("a")])
    assert isinstance(verdict, kind)
    assert not isinstance(verdict, Retry)
    assert kept.added == {}


async def test_a_task_that_is_none_is_refused(enricher: LateEnricher) -> None:
    [verdict] = await enricher.handle([replace(message(), data=b"{}")])
    assert isinstance(verdict, Reject)
