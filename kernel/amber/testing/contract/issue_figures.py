"""What every issue store promises about counting."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Batch, Directory, Facet, GroupedEvent, IssueChange, IssueCounts, IssueStore
from amber.testing.attempts import refusal
from amber.testing.stores import NOON, audit, event, new_project

HOUR = int(NOON // 3600)


class IssueFiguresContract:
    """Fixtures: `issue_store`, an empty store, and `directory`, the directory its projects stand in."""

    @pytest.fixture
    def project(self, directory: Directory) -> int:
        return new_project(directory, "shop").id

    # --- how many there are -------------------------------------------------------------------------------------------

    def test_issues_are_counted_by_status(self, issue_store: IssueStore, directory: Directory, project: int) -> None:
        other, stranger = new_project(directory).id, new_project(directory).id
        keys = ("a", "b", "c", "d", "e")
        made = (event(home, key) for home in (project, other, stranger) for key in keys)
        issue_store.apply(Batch(events=tuple(made)))
        _change(issue_store, project, ["a", "b", "c"], "resolved")
        _change(issue_store, project, ["d"], "ignored")
        _change(issue_store, other, ["a"], "ignored")
        assert issue_store.count_issues([project], 0) == IssueCounts(unresolved=1, resolved=3, ignored=1)
        assert issue_store.count_issues([project, other], 0) == IssueCounts(unresolved=5, resolved=3, ignored=2)
        assert issue_store.count_issues([], 0) == IssueCounts()

    def test_of_the_unresolved_those_are_counted_that_came_back_since(
        self, issue_store: IssueStore, project: int
    ) -> None:
        keys = ["early", "late", "closed again", "new"]
        issue_store.apply(Batch(events=tuple(event(project, key) for key in keys)))
        _change(issue_store, project, keys[:3], "resolved")
        back = (event(project, key, NOON + at) for key, at in zip(keys, (10, 20, 30), strict=False))
        issue_store.apply(Batch(events=tuple(back)))
        _change(issue_store, project, ["closed again"], "resolved")
        for since, expected in ((0.0, 2), (NOON + 10, 2), (NOON + 11, 1), (NOON + 21, 0)):
            counts = issue_store.count_issues([project], since)
            assert counts == IssueCounts(unresolved=3, resolved=1, regressed=expected)

    # --- when their events came ---------------------------------------------------------------------------------------

    def test_events_are_counted_by_the_hour_in_which_they_happened(self, issue_store: IssueStore, project: int) -> None:
        hours = (-1, 0, 0, 1, 3, 4)
        made = [late(event(project, "key", NOON + hour * 3600)) for hour in hours]
        issue_store.apply(Batch(events=tuple(made[:3])))
        issue_store.apply(Batch(events=tuple(made)))  # of which three were counted before
        issue_store.apply(Batch(events=(event(project, "other key"),)))
        issue, other = _ids(issue_store, project, ["key", "other key"])
        bars = issue_store.histograms([issue, other, 999_999], HOUR, HOUR + 5, 1)
        assert bars == {issue: (2, 1, 0, 1, 1), other: (1, 0, 0, 0, 0), 999_999: (0, 0, 0, 0, 0)}

    @pytest.mark.parametrize(
        ("since", "until", "step", "expected"),
        [
            (0, 6, 2, (3, 7, 11)),
            (0, 6, 6, (21,)),
            (0, 6, 4, (10, 11)),
            (0, 5, 2, (3, 7, 5)),
            (1, 5, 3, (9, 5)),
            (-5, 1, 5, (0, 1)),
            (0, 6, 100, (21,)),
            (3, 3, 1, ()),
            (3, 1, 1, ()),
        ],
    )
    def test_hours_are_gathered_into_spans(
        self,
        issue_store: IssueStore,
        project: int,
        since: int,
        until: int,
        step: int,
        expected: tuple[int, ...],
    ) -> None:
        made = (event(project, "key", NOON + hour * 3600) for hour in range(6) for _ in range(hour + 1))
        issue_store.apply(Batch(events=tuple(made)))
        (issue,) = _ids(issue_store, project, ["key"])
        assert issue_store.histograms([issue], HOUR + since, HOUR + until, step) == {issue: expected}

    def test_a_histogram_nobody_can_draw_is_rejected(self, issue_store: IssueStore) -> None:
        assert issue_store.histograms([], 0, 5, 1) == {}
        for since, until, step in ((0, 5, 0), (0, 5, -1), (0, 10**9, 1)):
            assert refusal(partial(issue_store.histograms, [1], since, until, step)).status == 400

    # --- how they spread ----------------------------------------------------------------------------------------------

    def test_facets_are_listed_the_most_frequent_first(self, issue_store: IssueStore, project: int) -> None:
        releases = ("1.1", "1.0", "1.1", "", "1.1")
        made = [
            event(project, "key", NOON + number, release=release, environment="prod" if number else "dev")
            for number, release in enumerate(releases)
        ]
        issue_store.apply(Batch(events=tuple(made)))
        issue_store.apply(Batch(events=(event(project, "other key", release="9.9"),)))
        (issue,) = _ids(issue_store, project, ["key"])
        assert issue_store.facets(issue) == (
            Facet("environment", "prod", 4, NOON + 4),
            Facet("release", "1.1", 3, NOON + 4),
            Facet("release", "1.0", 1, NOON + 1),
            Facet("environment", "dev", 1, NOON),
        )
        assert issue_store.facets(999_999) == ()


def _ids(store: IssueStore, project: int, keys: list[str]) -> list[int]:
    found = [store.find_issue(project, key) for key in keys]
    return [issue.id for issue in found if issue]


def _change(store: IssueStore, project: int, keys: list[str], status: str) -> None:
    change = {"resolved": IssueChange(status="resolved"), "ignored": IssueChange(status="ignored")}[status]
    store.change_issues(_ids(store, project, keys), change, audit())


def late(grouped: GroupedEvent) -> GroupedEvent:
    """The same event, received nine hours after it happened."""
    event = structs.replace(grouped.event, received_at=grouped.event.timestamp + 9 * 3600)
    return structs.replace(grouped, event=event)
