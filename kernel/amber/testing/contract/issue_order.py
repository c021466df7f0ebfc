"""Late and out-of-order events never move an issue back, however they are spread over batches."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from amber.model import Batch, Directory, GroupedEvent, Issue, IssueStore
from amber.testing.stores import NOON, event, new_project

HOUR = int(NOON // 3600)
RELEASES = ("", "1.0", "1.1", "2.0")


class Draft(Struct, frozen=True):
    """An event before it has a project."""

    at: int
    release: str
    environment: str
    user: str


class Story(Struct, frozen=True):
    """Events that all happened at different times, and two ways in which they may come: in batches, some twice."""

    drafts: tuple[Draft, ...]
    ways: tuple[tuple[tuple[int, ...], ...], ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to eight events, and two ways in which they come."""
    times = draw(st.lists(st.integers(-3 * 3600, 3 * 3600), min_size=1, max_size=8, unique=True))
    words = st.tuples(st.sampled_from(RELEASES), st.sampled_from(["", "prod"]), st.sampled_from(["", "ann", "bob"]))
    drafts = tuple(Draft(at, *draw(words)) for at in times)
    return Story(drafts, (draw(_ways(len(drafts))), draw(_ways(len(drafts)))))


@st.composite
def _ways(draw: st.DrawFn, count: int) -> tuple[tuple[int, ...], ...]:
    order = draw(st.permutations(range(count)))
    order += draw(st.lists(st.sampled_from(range(count)), max_size=3))  # which come again
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)) | {0, len(order)})
    return tuple(tuple(order[start:end]) for start, end in pairwise(cuts))


class IssueOrderContract:
    """Fixtures: `issue_store`, an empty store, and `directory`, the directory its projects stand in."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(story=stories())
    def test_any_order_in_any_batches_ends_the_same(
        self, issue_store: IssueStore, directory: Directory, story: Story
    ) -> None:
        one, other = (_end(issue_store, new_project(directory).id, story.drafts, way) for way in story.ways)
        assert one == other
        assert one["count"] == len(story.drafts)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(story=stories())
    def test_no_batch_moves_anything_back(self, issue_store: IssueStore, directory: Directory, story: Story) -> None:
        project, before = new_project(directory).id, None
        events = _events(story.drafts, project)
        seen: set[int] = set()
        for batch in story.ways[0]:
            issue_store.apply(Batch(events=tuple(events[place] for place in batch)))
            seen |= set(batch)
            now = _issue(issue_store, project)
            named = [draft for place, draft in enumerate(story.drafts) if place in seen and draft.release]
            assert now.last_release == max(named, key=lambda draft: draft.at, default=Draft(0, "", "", "")).release
            if before is not None:
                assert (now.count, now.users, now.last_seen) >= (before.count, before.users, before.last_seen)
                assert now.last_seen >= before.last_seen
                assert now.first_seen <= before.first_seen
                assert before.first_release in ("", now.first_release)
                assert (now.id, now.short_id, now.title) == (before.id, before.short_id, before.title)
            before = now


def _end(store: IssueStore, project: int, drafts: Sequence[Draft], way: tuple[tuple[int, ...], ...]) -> dict[str, Any]:
    events = _events(drafts, project)
    for batch in way:
        store.apply(Batch(events=tuple(events[place] for place in batch)))
    issue = _issue(store, project)
    names = ("count", "users", "first_seen", "last_seen", "last_release", "status", "regressed_at")
    outcomes = [(each.outcome, each.quantity) for each in store.outcomes(project, 0, 2 * HOUR) if not each.reason]
    return {
        **{name: getattr(issue, name) for name in names},
        "facets": store.facets(issue.id),
        "hours": store.histograms([issue.id], HOUR - 4, HOUR + 5, 1)[issue.id],
        "stored": sum(quantity for outcome, quantity in outcomes if outcome == "stored"),
    }


def _events(drafts: Sequence[Draft], project: int) -> list[GroupedEvent]:
    return [
        event(
            project,
            "key",
            NOON + draft.at,
            uuid4().hex,
            release=draft.release,
            environment=draft.environment,
            user={"username": draft.user},
        )
        for draft in drafts
    ]


def _issue(store: IssueStore, project: int) -> Issue:
    found = store.find_issue(project, "key")
    assert found is not None
    return found
