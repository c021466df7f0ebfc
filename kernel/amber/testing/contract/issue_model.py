"""Any history of batches leaves every issue store in the state that the reference in `amber.testing.stores` has."""

from collections import Counter
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from amber.errors import AlreadyApplied
from amber.model import Batch, Directory, GroupedEvent, IssueChange, IssueQuery, IssueStore, OutcomeCount
from amber.testing.stores import NOON, ReferenceIssues, audit, event, new_project

KEY_NAMES = ("alpha", "beta", "gamma")
KEYS = st.sampled_from(KEY_NAMES)


class Draft(Struct, frozen=True):
    """An event before it has a project."""

    number: int
    key: str
    at: int
    release: str
    user: str


class Step(Struct, frozen=True):
    """Something that happens: a batch, or (where `resolve` names a key) somebody resolves an issue."""

    resolve: str = ""
    marks: tuple[int, ...] = ()
    drafts: tuple[Draft, ...] = ()
    lost: int = 0


DRAFTS = st.builds(
    Draft,
    number=st.integers(0, 12),  # few, so that many events come again
    key=KEYS,
    at=st.sampled_from([-4000, -2, -1, 0, 1, 2, 4000]),
    release=st.sampled_from(["", "1.0", "1.1"]),
    user=st.sampled_from(["", "ann", "bob"]),
)
BATCHES = st.builds(
    Step,
    marks=st.lists(st.integers(0, 8), max_size=2).map(tuple),
    drafts=st.lists(DRAFTS, max_size=6).map(tuple),
    lost=st.integers(0, 3),
)
STEPS = st.lists(st.one_of(BATCHES, BATCHES, st.builds(Step, resolve=KEYS)), min_size=1, max_size=8)


class IssueModelContract:
    """Fixtures: `issue_store`, an empty store, and `directory`, the directory its projects stand in."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=STEPS)
    def test_any_history_ends_as_the_reference_says(
        self, issue_store: IssueStore, directory: Directory, steps: list[Step]
    ) -> None:
        project, stream = new_project(directory).id, uuid4().hex
        model = ReferenceIssues()
        for step in steps:
            if step.resolve:
                _resolve(issue_store, project, step.resolve)
                model.resolve(step.resolve)
            else:
                batch = _batch(step, project, stream)
                assert _is_applied(issue_store, batch) == model.apply(batch)
        assert _state(issue_store, project) == _reference(model)
        assert _hours(issue_store, project) == {key: issue["hours"] for key, issue in model.issues.items()}
        assert list(issue_store.outcomes(project, 0, 10**6)) == model.as_outcomes(project)


def _batch(step: Step, project: int, stream: str) -> Batch:
    lost = OutcomeCount(project, "error", "client_discard", "queue", step.lost, int(NOON // 3600))
    return Batch(
        marks=tuple((stream, seq) for seq in step.marks),
        events=tuple(_event(draft, project) for draft in step.drafts),
        outcomes=(lost,) if step.lost else (),
    )


def _event(draft: Draft, project: int) -> GroupedEvent:
    user = {"user": {"username": draft.user}} if draft.user else {}
    return event(project, draft.key, NOON + draft.at, f"{draft.number:032x}", release=draft.release, **user)


def _is_applied(store: IssueStore, batch: Batch) -> bool:
    try:
        store.apply(batch)
    except AlreadyApplied as refusal:
        return not refusal.marks <= set(batch.marks)
    return True


def _resolve(store: IssueStore, project: int, key: str) -> None:
    if found := store.find_issue(project, key):
        store.change_issues([found.id], IssueChange(status="resolved"), audit())


def _state(store: IssueStore, project: int) -> dict[str, tuple[Any, ...]]:
    listed = store.list_issues(IssueQuery((project,))).items
    return {
        key: (i.count, i.users, i.first_seen, i.last_seen, i.first_release, i.last_release, i.status, i.regressed_at)
        for i in listed
        for key in store.issue_keys(i.id)
    }


def _hours(store: IssueStore, project: int) -> dict[str, Counter[int]]:
    hour = int(NOON // 3600)
    since, until = hour - 3, hour + 4
    ids = {key: issue.id for key in KEY_NAMES if (issue := store.find_issue(project, key))}
    bars = store.histograms(list(ids.values()), since, until, 1)
    return {key: +Counter(dict(zip(range(since, until), bars[issue], strict=True))) for key, issue in ids.items()}


def _reference(model: ReferenceIssues) -> dict[str, tuple[Any, ...]]:
    rest = ("first_seen", "last_seen", "first_release", "last_release", "status", "regressed_at")
    return {
        key: (issue["count"], len(issue["people"]), *(issue[name] for name in rest))
        for key, issue in model.issues.items()
    }
