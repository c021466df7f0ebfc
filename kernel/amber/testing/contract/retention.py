"""What every pair of stores promises about events that grow old."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from amber.model import (
    KNOWN_AFTER,
    Batch,
    Claim,
    Directory,
    EventPlace,
    EventStore,
    GroupedEvent,
    Held,
    Issue,
    IssueChange,
    IssueQuery,
    IssueStore,
    LetGo,
    OutcomeCount,
)
from amber.testing.contract.event_store import attachment, feedback
from amber.testing.stores import NOON, audit, event, new_project

LATER = NOON + 100 * 24 * 3600
HOUR = int(NOON // 3600)
PLACES = st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans())


class RetentionContract:
    """Fixtures: empty stores `issue_store` and `event_store`, and `directory`, where their projects stand."""

    @pytest.fixture
    def project(self, directory: Directory) -> int:
        return new_project(directory, "shop").id

    # --- which events may go ------------------------------------------------------------------------------------------

    def test_the_oldest_events_come_first_page_by_page(self, event_store: EventStore) -> None:
        made = [event(1, f"key {number % 3}", NOON + number // 2) for number in range(9)]
        event_store.write_events([*made[::-2], *made[-2::-2], event(2, "key")])
        found: list[EventPlace] = []
        page = event_store.oldest_events(1, NOON + 4, limit=3)
        while page.next:
            found += page.items
            page = event_store.oldest_events(1, NOON + 4, page.next, limit=3)
        found += page.items
        assert sorted(found, key=lambda place: place.event_id) == sorted(
            places(made[:8]), key=lambda place: place.event_id
        )
        assert [place.received_at for place in found] == sorted(place.received_at for place in found)

    def test_the_oldest_events_since_then_come_page_by_page(self, event_store: EventStore) -> None:
        made = [event(1, "key", NOON + number) for number in range(9)]
        event_store.write_events(made)
        page = event_store.oldest_events(1, NOON + 7, limit=3, received_since=NOON + 2)
        rest = event_store.oldest_events(1, NOON + 7, page.next or "", limit=3, received_since=NOON + 2)
        assert [*page.items, *rest.items] == places(made[2:7])
        assert rest.next is None

    def test_what_is_held_is_counted(self, event_store: EventStore) -> None:
        event_store.write_events([event(1, "key", NOON + number) for number in range(5)])
        assert event_store.held(1, NOON + 2) == Held(events=5, older=2, oldest=NOON)
        assert event_store.held(2, NOON) == Held(events=0, older=0, oldest=None)

    def test_events_that_go_are_counted_as_gone(self, issue_store: IssueStore, project: int) -> None:
        made = stored(issue_store, [event(project, "key", NOON + number) for number in range(5)])
        gone = issue_store.let_go(project, places(made[:3]), LATER, may_end_issues=False)
        assert gone == LetGo(ids_of(made[:3]), events=3)
        issue = found(issue_store, project, "key")
        assert (issue.count, issue.pruned, issue.kept) == (5, 3, 2)
        assert issue_store.list_issues(IssueQuery((project,))).items == (issue,)

    def test_events_that_are_gone_may_go_again_and_count_no_more(self, issue_store: IssueStore, project: int) -> None:
        made = stored(issue_store, [event(project, "key", NOON + number) for number in range(5)])
        issue_store.let_go(project, places(made[:3]), LATER, may_end_issues=False)
        again = issue_store.let_go(project, places(made[1:4]), LATER + 1, may_end_issues=False)
        assert (sorted(again.ids), again.events) == (sorted(ids_of(made[1:4])), 1)
        assert found(issue_store, project, "key").kept == 1
        assert issue_store.last_let_go(project) == ids_of(made[3:4])

    def test_the_newest_event_of_an_issue_stays(self, issue_store: IssueStore, project: int) -> None:
        made = stored(issue_store, [event(project, key, NOON + at) for at in range(3) for key in ("a", "b")])
        gone = issue_store.let_go(project, places(made), LATER, may_end_issues=False)
        assert (sorted(gone.ids), gone.events, gone.issues) == (sorted(ids_of(made[:4])), 4, 0)
        assert {found(issue_store, project, key).kept for key in ("a", "b")} == {1}

    def test_an_issue_ends_with_its_last_event(self, issue_store: IssueStore, project: int) -> None:
        made = [event(project, "key", NOON + at, user={"id": "5"}, release="1.0") for at in range(3)]
        stored(issue_store, [*made, event(project, "other key")])
        before = found(issue_store, project, "key")
        issue_store.let_go(project, places(made[:1]), LATER, may_end_issues=True)
        gone = issue_store.let_go(project, places(made[1:]), LATER, may_end_issues=True)
        assert gone == LetGo(ids_of(made[1:]), events=2, issues=1)
        assert issue_store.find_issue(project, "key") is None
        assert issue_store.get_issue(before.id) is None
        assert (issue_store.issue_keys(before.id), issue_store.facets(before.id)) == ((), ())
        assert issue_store.histograms([before.id], HOUR, HOUR + 1, 1) == {before.id: (0,)}
        assert [issue.id for issue in issue_store.list_issues(IssueQuery((project,))).items] == [
            found(issue_store, project, "other key").id
        ]

    def test_after_an_issue_ended_its_key_begins_a_new_one(self, issue_store: IssueStore, project: int) -> None:
        old = stored(issue_store, [event(project, "key", user={"id": "5"})])
        before = found(issue_store, project, "key")
        issue_store.let_go(project, places(old), LATER, may_end_issues=True)
        stored(issue_store, [event(project, "key", LATER, user={"id": "5"})])
        after = found(issue_store, project, "key")
        assert after.id != before.id
        assert after.short_id != before.short_id
        assert (after.count, after.pruned, after.users, after.first_seen) == (1, 0, 1, LATER)

    @pytest.mark.parametrize("change", [IssueChange(assignee="user:3"), IssueChange(status="ignored")])
    def test_an_issue_somebody_decided_about_keeps_its_newest_event(
        self, issue_store: IssueStore, project: int, change: IssueChange
    ) -> None:
        made = stored(issue_store, [event(project, "key", NOON + at) for at in range(3)])
        issue_store.change_issues([found(issue_store, project, "key").id], change, audit())
        gone = issue_store.let_go(project, places(made), LATER, may_end_issues=True)
        assert gone == LetGo(ids_of(made[:2]), events=2, issues=0)
        assert found(issue_store, project, "key").kept == 1

    def test_another_projects_events_do_not_go(self, issue_store: IssueStore, directory: Directory) -> None:
        mine, theirs = new_project(directory).id, new_project(directory).id
        made = stored(issue_store, [event(theirs, "key", NOON, id="a" * 32), event(theirs, "key", NOON + 1)])
        assert issue_store.let_go(mine, places(made), NOON + 2, may_end_issues=True) == LetGo()
        assert found(issue_store, theirs, "key").pruned == 0

    # --- ids that stay known ------------------------------------------------------------------------------------------

    def test_an_event_that_is_gone_is_a_repeat_when_it_is_sent_again(
        self, issue_store: IssueStore, project: int
    ) -> None:
        made = stored(issue_store, [event(project, "key", NOON + at) for at in range(2)])
        issue_store.let_go(project, places(made[:1]), NOON + 9, may_end_issues=False)
        applied = issue_store.apply(Batch(events=(*made, event(project, "key", NOON + 5))))
        assert (applied.stored, applied.repeated) == (1, 2)
        assert applied.gone == ((project, made[0].event.id),)
        assert found(issue_store, project, "key").count == 3

    def test_an_id_that_was_forgotten_is_new(self, issue_store: IssueStore, project: int) -> None:
        made = stored(issue_store, [event(project, "key", NOON + at) for at in range(4)])
        for at, place in enumerate(places(made[:2])):
            issue_store.let_go(project, [place], LATER + at, may_end_issues=False)
        assert issue_store.long_gone(project, LATER + 2, 10) == ids_of(made[:2])
        assert issue_store.long_gone(project, LATER + 2, 1) == ids_of(made[:1])
        assert issue_store.long_gone(project, LATER + 1, 10) == ids_of(made[:1])
        assert issue_store.last_let_go(project) == ids_of(made[1:2])
        issue_store.forget_events(project, ids_of(made))  # of which two are there, and stay known
        assert issue_store.long_gone(project, LATER + 2, 10) == issue_store.last_let_go(project) == ()
        applied = issue_store.apply(Batch(events=tuple(made)))
        assert (applied.stored, applied.repeated, applied.gone) == (2, 2, ())
        assert found(issue_store, project, "key").count == 6

    def test_an_event_nobody_has_counted_goes_after_a_day_and_is_a_repeat_from_then_on(
        self, issue_store: IssueStore, project: int
    ) -> None:
        stranger = event(project, "key", NOON)
        for at in (NOON, NOON + KNOWN_AFTER):
            assert issue_store.let_go(project, places([stranger]), at, may_end_issues=True) == LetGo()
        late = NOON + KNOWN_AFTER + 1
        assert issue_store.let_go(project, places([stranger]), late, may_end_issues=True) == LetGo(ids_of([stranger]))
        applied = issue_store.apply(Batch(events=(stranger,)))
        assert (applied.stored, applied.repeated, applied.gone) == (0, 1, ((project, stranger.event.id),))
        assert issue_store.find_issue(project, "key") is None

    # --- deleting -----------------------------------------------------------------------------------------------------

    def test_deleted_events_are_gone_with_what_belongs_to_them(self, event_store: EventStore) -> None:
        made = [event(1, "key", NOON + number) for number in range(3)]
        twin = event(2, "key", id=made[0].event.id)
        event_store.write_events([*made, twin])
        files = [attachment(number, 1, id) for number, id in enumerate(ids_of(made))]
        event_store.write_attachments([*files, attachment(9, 2, twin.event.id)])
        assert set(event_store.attachments_of(1, ids_of(made[:2]))) == set(files[:2])
        for _ in range(2):
            event_store.delete_events(1, [*ids_of(made[:2]), "0" * 32])
        event_store.delete_events(1, [])
        assert [line.event_id for line in event_store.list_events(1, ["key"]).items] == [made[2].event.id]
        assert [event_store.list_attachments(1, id) for id in ids_of(made)] == [(), (), (files[2],)]
        assert event_store.get_event(2, twin.event.id) is not None
        assert len(event_store.list_attachments(2, twin.event.id)) == 1

    def test_a_deleted_event_can_be_written_anew(self, event_store: EventStore) -> None:
        made = event(1, "key")
        event_store.write_events([made])
        event_store.delete_events(1, [made.event.id])
        event_store.write_events([made])
        assert event_store.get_event(1, made.event.id) is not None

    def test_old_attachments_and_feedback_go_bit_by_bit(self, event_store: EventStore) -> None:
        files = [structs.replace(attachment(number), received_at=NOON + number) for number in range(4)]
        event_store.write_attachments([*files[::-1], attachment(8, 2)])
        assert event_store.old_attachments(1, NOON + 3, 2) == tuple(files[:2])
        event_store.delete_attachments([file.id for file in files[:2]])
        assert event_store.old_attachments(1, NOON + 3, 2) == (files[2],)
        event_store.write_feedback([*(feedback(number) for number in range(4)), feedback(0, 2)])
        assert [event_store.delete_feedback(1, NOON + 3, 2) for _ in range(3)] == [2, 1, 0]
        assert event_store.list_feedback(1).items == (feedback(3),)
        assert len(event_store.list_feedback(2).items) == 1

    def test_old_figures_go_bit_by_bit(self, issue_store: IssueStore, project: int) -> None:
        stored(issue_store, [event(project, key, NOON + hour * 3600) for hour in range(4) for key in ("a", "b")])
        counts = [OutcomeCount(project, "error", "dead", "odd", 7, HOUR + hour) for hour in range(4)]
        issue_store.apply(Batch(outcomes=tuple(counts)))
        gone: list[int] = []
        while not gone or gone[-1]:
            gone.append(issue_store.forget_figures(project, HOUR + 2, 3))
        assert sum(gone) == 4 + 4  # of two issues, and of what was stored and dead
        assert max(gone) <= 3
        ids = [found(issue_store, project, key).id for key in ("a", "b")]
        assert set(issue_store.histograms(ids, HOUR, HOUR + 4, 1).values()) == {(0, 0, 1, 1)}
        assert {told.hour for told in issue_store.outcomes(project, 0, HOUR + 9)} == {HOUR + 2, HOUR + 3}
        assert {found(issue_store, project, key).count for key in ("a", "b")} == {4}

    def test_space_is_handed_back_until_there_is_none(self, event_store: EventStore) -> None:
        made = [event(1, "key", extra={"n": f"{number:06}" * 500}) for number in range(200)]
        event_store.write_events(made)
        event_store.delete_events(1, ids_of(made))
        assert any(not event_store.give_back(20) for _ in range(1000))

    # --- any history --------------------------------------------------------------------------------------------------

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=st.lists(st.lists(PLACES, max_size=8), max_size=6), keep=st.integers(0, 4))
    def test_counts_never_lie_and_no_issue_is_without_an_event(
        self,
        issue_store: IssueStore,
        event_store: EventStore,
        directory: Directory,
        steps: list[list[tuple[int, str, bool]]],
        keep: int,
    ) -> None:
        project = new_project(directory).id
        for at, step in enumerate(steps):
            batch = [event(project, key, NOON + at, f"{number:032x}") for number, key, _ in step]
            event_store.write_events(batch)
            for _, id in issue_store.apply(Batch(events=tuple(batch))).gone:
                event_store.delete_events(project, [id])
            excess = max(0, event_store.held(project, LATER).events - keep)
            old = event_store.oldest_events(project, LATER, limit=max(1, excess)).items[:excess]
            may_end = any(flag for *_, flag in step)
            event_store.delete_events(project, issue_store.let_go(project, old, LATER + at, may_end_issues=may_end).ids)
            for issue in issue_store.list_issues(IssueQuery((project,))).items:
                kept = event_store.list_events(project, issue_store.issue_keys(issue.id)).items
                assert len(kept) == issue.kept > 0
        kept_by_issues = sum(issue.kept for issue in issue_store.list_issues(IssueQuery((project,))).items)
        assert event_store.held(project, LATER).events == kept_by_issues

    # --- who does it --------------------------------------------------------------------------------------------------

    def test_a_job_is_held_by_one_and_done_once_in_its_time(self, issue_store: IssueStore) -> None:
        ask = Claim("prune", "ann", NOON, lease=30, every=600)
        assert issue_store.claim_job(ask)
        assert not issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON + 1))
        assert issue_store.claim_job(Claim("other", "bob", NOON, 30, 600))
        assert issue_store.hold_job("prune", "ann", NOON + 40)
        assert not issue_store.hold_job("prune", "bob", NOON + 40)
        issue_store.hold_job("prune", "ann", NOON + 20)  # it is done
        assert not issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON + 599))
        assert issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON + 600))

    def test_a_job_whose_holder_died_is_taken_over_when_it_is_due(self, issue_store: IssueStore) -> None:
        ask = Claim("prune", "ann", NOON, lease=30, every=10)
        assert issue_store.claim_job(ask)
        assert not issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON + 29))
        assert issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON + 30))
        assert not issue_store.hold_job("prune", "ann", NOON + 99)

    def test_jobs_of_a_plugin_that_is_gone_are_forgotten_and_no_others(self, issue_store: IssueStore) -> None:
        for name in ("mail_x.tick", "mailbox.tick", "mail_x"):
            assert issue_store.claim_job(Claim(name, "ann", NOON, lease=30, every=600))
        issue_store.drop_jobs("mail_x")
        issue_store.drop_jobs("mail%")
        assert [
            name
            for name in ("mail_x.tick", "mailbox.tick", "mail_x")
            if issue_store.claim_job(Claim(name, "bob", NOON + 1, lease=30, every=600))
        ] == ["mail_x.tick"]

    def test_a_clock_that_was_put_back_blocks_no_job(self, issue_store: IssueStore) -> None:
        ask = Claim("prune", "ann", NOON, lease=30, every=600)
        assert issue_store.claim_job(ask)
        assert issue_store.claim_job(structs.replace(ask, holder="bob", at=NOON - 9999))


def stored(store: IssueStore, events: Sequence[GroupedEvent]) -> Sequence[GroupedEvent]:
    """The events, counted."""
    store.apply(Batch(events=tuple(events)))
    return events


def places(events: Iterable[GroupedEvent]) -> list[EventPlace]:
    """Where these events stand."""
    return [EventPlace(each.event.id, each.grouping.key, each.event.received_at) for each in events]


def ids_of(events: Iterable[GroupedEvent]) -> tuple[str, ...]:
    """The ids of these events."""
    return tuple(each.event.id for each in events)


def found(store: IssueStore, project: int, key: str) -> Issue:
    """The issue with this key."""
    issue = store.find_issue(project, key)
    assert issue is not None
    return issue
