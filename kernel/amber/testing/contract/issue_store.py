"""What every issue store promises about applying batches, and about what comes of it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from amber.errors import AlreadyApplied, Reject
from amber.model import Applied, Batch, Directory, Issue, IssueChange, IssueQuery, IssueStore, OutcomeCount
from amber.testing.stores import HOSTILE_TEXTS, NOON, audit, event, facts_of, new_project

HOUR = int(NOON // 3600)
RESOLVED = IssueChange(status="resolved")


class IssueStoreContract:
    """Fixtures: `issue_store`, an empty store, and `directory`, the directory its projects stand in."""

    @pytest.fixture
    def project(self, directory: Directory) -> int:
        return new_project(directory, "shop").id

    def test_a_first_event_makes_an_issue(self, issue_store: IssueStore, project: int) -> None:
        grouped = event(project, "key", NOON, release="1.0", environment="prod", user={"id": "5"}, level="fatal")
        told = OutcomeCount(project, "error", "stored", "", 1, HOUR)
        assert issue_store.apply(Batch(events=(grouped,))) == Applied(stored=1, repeated=0, outcomes=(told,))
        found = _issue(issue_store, project)
        assert found == Issue(
            id=found.id,
            project=project,
            short_id="SHOP-1",
            title=grouped.title,
            culprit=grouped.culprit,
            level="fatal",
            status="unresolved",
            platform="python",
            count=1,
            users=1,
            first_seen=NOON,
            last_seen=NOON,
            first_release="1.0",
            last_release="1.0",
        )
        assert issue_store.get_issue(found.id) == found
        assert issue_store.issue_keys(found.id) == ("key",)

    def test_a_batch_counts_each_event_to_the_issue_of_its_key(self, issue_store: IssueStore, project: int) -> None:
        for start in (0, 50):
            made = [event(project, f"key {number % 7}", NOON + number) for number in range(start, start + 50)]
            applied = issue_store.apply(Batch(events=tuple(made)))
            assert (applied.stored, applied.repeated) == (50, 0)
        counts = Counter(f"key {number % 7}" for number in range(100))
        assert {key: _issue(issue_store, project, key).count for key in counts} == counts

    def test_a_repeated_event_is_counted_once(self, issue_store: IssueStore, project: int) -> None:
        first, other = event(project, "key"), event(project, "key", NOON + 1)
        issue_store.apply(Batch(events=(first, first)))
        applied = issue_store.apply(Batch(events=(other, first, other)))
        assert (applied.stored, applied.repeated) == (1, 2)
        told = {(count.category, count.outcome, count.reason): count.quantity for count in applied.outcomes}
        assert told == {("error", "stored", ""): 1, ("error", "filtered", "duplicate"): 2}
        found = _issue(issue_store, project)
        assert (found.count, found.last_seen) == (2, NOON + 1)
        counts = {(count.outcome, count.reason): count.quantity for count in issue_store.outcomes(project, 0, HOUR + 9)}
        assert counts == {("stored", ""): 2, ("filtered", "duplicate"): 3}

    def test_a_repeat_under_another_key_makes_no_issue(self, issue_store: IssueStore, project: int) -> None:
        first = event(project, "key")
        issue_store.apply(Batch(events=(first,)))
        issue_store.apply(Batch(events=(event(project, "new key", id=first.event.id),)))
        assert issue_store.find_issue(project, "new key") is None
        assert len(issue_store.list_issues(IssueQuery((project,))).items) == 1

    def test_the_same_id_in_another_project_is_another_event(
        self, issue_store: IssueStore, project: int, directory: Directory
    ) -> None:
        other = new_project(directory).id
        twins = (event(project, "key", id="a" * 32), event(other, "key", id="a" * 32))
        assert issue_store.apply(Batch(events=twins)).stored == 2
        assert _issue(issue_store, project).id != _issue(issue_store, other).id

    def test_times_only_widen(self, issue_store: IssueStore, project: int) -> None:
        for at in (NOON, NOON - 500, NOON + 500, NOON - 100, NOON + 100):
            issue_store.apply(Batch(events=(event(project, "key", at),)))
        found = _issue(issue_store, project)
        assert (found.first_seen, found.last_seen) == (NOON - 500, NOON + 500)

    def test_the_face_of_an_issue_is_its_first_event(self, issue_store: IssueStore, project: int) -> None:
        late = structs.replace(event(project, "key", NOON + 5, level="fatal"), title="late")
        first = structs.replace(event(project, "key", NOON, level="info"), title="first", culprit="there")
        issue_store.apply(Batch(events=(late, first)))
        issue_store.apply(Batch(events=(structs.replace(event(project, "key", NOON - 9), title="even earlier"),)))
        found = _issue(issue_store, project)
        assert (found.title, found.culprit, found.level) == ("first", "there", "info")

    def test_first_release_stays_and_last_release_follows_the_newest(
        self, issue_store: IssueStore, project: int
    ) -> None:
        def releases(*events: tuple[float, str]) -> tuple[str, str]:
            made = (event(project, "key", NOON + at, release=release) for at, release in events)
            issue_store.apply(Batch(events=tuple(made)))
            found = _issue(issue_store, project)
            return found.first_release, found.last_release

        assert releases((0, "")) == ("", "")
        assert releases((5, "1.1"), (3, "1.0")) == ("1.0", "1.1")
        assert releases((2, "0.9"), (9, "")) == ("1.0", "1.1")
        assert releases((8, "1.2")) == ("1.0", "1.2")
        assert releases((6, "1.1")) == ("1.0", "1.2")
        assert releases((8, "1.3")) == ("1.0", "1.3")  # of two at once, the one that came last

    def test_users_are_counted_once_each(self, issue_store: IssueStore, project: int) -> None:
        people = [{"id": "1"}, {"id": "2"}, {"email": "1"}, {"id": "1"}, {}, {"id": "2"}, {"id": "3"}]
        for start in (0, 3):
            made = (event(project, f"key {place % 2}", user=user) for place, user in enumerate(people[start:]))
            issue_store.apply(Batch(events=tuple(made)))
        assert _issue(issue_store, project, "key 0").users == 4
        assert _issue(issue_store, project, "key 1").users == 3

    def test_short_ids_are_unique_and_speakable(self, issue_store: IssueStore, project: int) -> None:
        for start in (0, 20):
            made = (event(project, f"key {number}", NOON + number) for number in range(start, start + 20))
            issue_store.apply(Batch(events=tuple(made)))
        ids = [_issue(issue_store, project, f"key {number}").short_id for number in range(40)]
        assert ids[:2] + ids[8:10] + ids[30:32] == ["SHOP-1", "SHOP-2", "SHOP-9", "SHOP-A", "SHOP-Z", "SHOP-10"]
        assert len(set(ids)) == 40

    def test_an_unknown_project_is_rejected_and_leaves_nothing(self, issue_store: IssueStore, project: int) -> None:
        with pytest.raises(Reject) as refusal:
            issue_store.apply(Batch(marks=(("s", 1),), events=(event(project, "key"), event(999_999, "key"))))
        assert refusal.value.status == 404
        assert issue_store.find_issue(project, "key") is None
        assert issue_store.applied([("s", 1)]) == frozenset()

    # --- marks --------------------------------------------------------------------------------------------------------

    def test_marks_are_remembered(self, issue_store: IssueStore) -> None:
        assert issue_store.applied([]) == frozenset()
        issue_store.apply(Batch(marks=(("a", 1), ("a", 2), ("b", 2**40))))
        asked = [("a", 1), ("a", 3), ("b", 1), ("b", 2**40), ("c", 1)]
        assert issue_store.applied(asked) == {("a", 1), ("b", 2**40)}

    def test_a_known_mark_refuses_the_batch_and_changes_nothing(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(marks=(("s", 1), ("s", 2)), events=(event(project, "key"),)))
        outcome = OutcomeCount(project, "error", "invalid", "x", 3, HOUR)
        before = issue_store.pending_facts(100)
        with pytest.raises(AlreadyApplied) as known:
            issue_store.apply(Batch((("s", 2), ("s", 3), ("t", 1)), (event(project, "key"),), (outcome,)))
        assert known.value.marks == {("s", 2)}
        assert _issue(issue_store, project).count == 1
        assert issue_store.applied([("s", 3), ("t", 1)]) == frozenset()
        assert [count.outcome for count in issue_store.outcomes(project, 0, HOUR + 1)] == ["stored"]
        assert issue_store.pending_facts(100) == before

    def test_a_mark_given_twice_in_a_batch_is_one_mark(self, issue_store: IssueStore) -> None:
        issue_store.apply(Batch(marks=(("s", 1), ("s", 1))))
        assert issue_store.applied([("s", 1), ("s", 1)]) == {("s", 1)}

    def test_marks_of_one_moment_are_kept_however_many_streams_there_are(self, issue_store: IssueStore) -> None:
        marks = tuple((f"stream {number % 5}", number * 1000) for number in range(200))
        issue_store.apply(Batch(marks=marks))
        assert issue_store.applied(marks) == set(marks)

    # --- regression ---------------------------------------------------------------------------------------------------

    def test_an_event_reopens_a_resolved_issue(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        issue = _issue(issue_store, project).id
        issue_store.change_issues([issue], RESOLVED, audit())
        trigger = event(project, "key", NOON + 60)
        issue_store.apply(Batch(events=(trigger, event(project, "key", NOON + 30))))
        found = _issue(issue_store, project)
        assert (found.status, found.regressed_at, found.count) == ("unresolved", NOON + 60, 3)
        (fact,) = facts_of(issue_store, project, "issue.regressed")
        assert fact.data == {
            "issue_id": str(issue),
            "short_id": "SHOP-1",
            "title": "Error: key",
            "culprit": "module.key",
            "level": "error",
            "event_id": trigger.event.id,
            "project_id": str(project),
            "regressed_at": NOON + 60,
        }

    def test_a_repeat_does_not_reopen(self, issue_store: IssueStore, project: int) -> None:
        first = event(project, "key")
        issue_store.apply(Batch(events=(first,)))
        issue_store.change_issues([_issue(issue_store, project).id], RESOLVED, audit())
        issue_store.apply(Batch(events=(first,)))
        assert _issue(issue_store, project).status == "resolved"

    def test_an_ignored_issue_stays_ignored(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        issue_store.change_issues([_issue(issue_store, project).id], IssueChange(status="ignored"), audit())
        issue_store.apply(Batch(events=(event(project, "key"),)))
        found = _issue(issue_store, project)
        assert (found.status, found.count, found.regressed_at) == ("ignored", 2, None)
        assert facts_of(issue_store, project, "issue.regressed") == []

    # --- facts and outcomes -------------------------------------------------------------------------------------------

    def test_a_batch_tells_what_it_made(self, issue_store: IssueStore, project: int, directory: Directory) -> None:
        other = new_project(directory).id
        late, first = event(project, "key", NOON + 1), event(project, "key", NOON)
        issue_store.apply(Batch(events=(late, first, event(project, "key 2"), event(other, "key"), first)))
        created = facts_of(issue_store, project, "issue.created")
        one, two = _issue(issue_store, project), _issue(issue_store, project, "key 2")
        assert {fact.data["issue_id"] for fact in created} == {str(one.id), str(two.id)}
        (fact,) = [fact for fact in created if fact.data["issue_id"] == str(one.id)]
        assert fact.data == {
            "issue_id": str(one.id),
            "short_id": one.short_id,
            "title": "Error: key",
            "culprit": "module.key",
            "level": "error",
            "event_id": first.event.id,
            "project_id": str(project),
        }
        (stored,) = facts_of(issue_store, project, "events.stored")
        assert (stored.data["count"], set(stored.data["issue_ids"])) == (3, {str(one.id), str(two.id)})
        assert facts_of(issue_store, other, "events.stored")[0].data["count"] == 1

    def test_repeats_alone_tell_nothing(self, issue_store: IssueStore, project: int) -> None:
        first = event(project, "key")
        issue_store.apply(Batch(events=(first,)))
        before = issue_store.pending_facts(100)
        issue_store.apply(Batch(events=(first,)))
        assert issue_store.pending_facts(100) == before

    def test_facts_wait_in_order_until_they_are_forgotten(self, issue_store: IssueStore, project: int) -> None:
        for number in range(5):
            issue_store.apply(Batch(events=(event(project, f"key {number}"),)))
        facts = facts_of(issue_store, project, "issue.created")
        assert [fact.data["title"] for fact in facts] == [f"Error: key {number}" for number in range(5)]
        everything = issue_store.pending_facts(1000)
        assert issue_store.pending_facts(3) == everything[:3]
        assert len({fact.id for fact in everything}) == len(everything)
        issue_store.forget_facts([everything[1].id, "unknown"])
        issue_store.forget_facts([])
        assert issue_store.pending_facts(1000) == (everything[0], *everything[2:])

    def test_outcomes_add_up_by_hour(self, issue_store: IssueStore, project: int) -> None:
        told = OutcomeCount(project, "session", "client_discard", "queue_overflow", 40, HOUR)
        early = OutcomeCount(project, "error", "rate_limited", "", 2, HOUR - 1)
        for _ in range(2):
            issue_store.apply(Batch(outcomes=(told, told, early), events=(event(project, "key"),)))
        assert issue_store.outcomes(project, HOUR, HOUR + 1) == (
            OutcomeCount(project, "error", "stored", "", 2, HOUR),
            OutcomeCount(project, "session", "client_discard", "queue_overflow", 160, HOUR),
        )
        assert issue_store.outcomes(project, HOUR - 1, HOUR) == (structs.replace(early, quantity=4),)
        assert issue_store.outcomes(project, HOUR + 1, HOUR + 9) == ()
        assert issue_store.outcomes(project + 1, 0, HOUR + 9) == ()

    # --- concurrency --------------------------------------------------------------------------------------------------

    def test_workers_with_overlapping_batches_count_exactly(
        self, issue_store: IssueStore, project: int, directory: Directory
    ) -> None:
        homes = [project, new_project(directory).id]
        made = [event(homes[n % 2], f"key {n % 11}", NOON + n, user={"id": str(n % 13)}) for n in range(240)]
        batches = [tuple(made[start : start + 60]) for start in range(0, 181, 20)]
        with ThreadPoolExecutor(4) as threads:
            orders = [*batches, *(batch[::-1] for batch in batches)]
            results = list(threads.map(lambda events: issue_store.apply(Batch(events=events)), orders))
        assert sum(result.stored for result in results) == 240
        assert sum(result.stored + result.repeated for result in results) == sum(map(len, orders))
        for home in homes:
            wanted = Counter(grouped.grouping.key for grouped in made if grouped.event.project == home)
            assert {key: _issue(issue_store, home, key).count for key in wanted} == wanted
            stored = facts_of(issue_store, home, "events.stored")
            assert sum(fact.data["count"] for fact in stored) == 120
            assert len(facts_of(issue_store, home, "issue.created")) == len(wanted)
        people = {made[n].event.user for n in range(240) if n % 2 == 0 and n % 11 == 0}
        assert _issue(issue_store, project, "key 0").users == len(people)

    def test_of_workers_with_the_same_message_one_applies_it(self, issue_store: IssueStore, project: int) -> None:
        outcome = OutcomeCount(project, "error", "invalid", "", 1, HOUR)

        def attempt(number: int) -> bool:
            try:
                issue_store.apply(Batch((("s", number % 3), ("s", 7)) if number % 2 else (("s", 7),), (), (outcome,)))
            except AlreadyApplied as refusal:
                return ("s", 7) not in refusal.marks
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(attempt, range(12))) == 1
        assert [count.quantity for count in issue_store.outcomes(project, 0, HOUR + 1)] == [1]

    def test_people_and_workers_do_not_undo_each_other(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        issue = _issue(issue_store, project).id
        with ThreadPoolExecutor(4) as threads:
            work = [
                threads.submit(task, *arguments)
                for number in range(25)
                for task, arguments in (
                    (issue_store.apply, (Batch(events=(event(project, "key", NOON + number),)),)),
                    (issue_store.change_issues, ([issue], IssueChange("resolved", f"user:{number}"), audit())),
                )
            ]
        assert [done.exception() for done in work] == [None] * 50
        found = _issue(issue_store, project)
        assert found.count == 26
        resolved = len(facts_of(issue_store, project, "issue.resolved"))
        regressed = len(facts_of(issue_store, project, "issue.regressed"))
        assert resolved - regressed == (found.status == "resolved")
        assert len(facts_of(issue_store, project, "issue.assigned")) == 25

    # --- hostile values -----------------------------------------------------------------------------------------------

    def test_any_text_is_kept_as_it_is(self, issue_store: IssueStore, project: int) -> None:
        for number, text in enumerate(HOSTILE_TEXTS):
            key = f"key {number}"
            plain = event(project, key, release=text, environment=text, user={"id": text}, platform=text)
            grouped = structs.replace(plain, title=text, culprit=text)
            issue_store.apply(Batch(events=(grouped,)))
            issue_store.apply(Batch(outcomes=(OutcomeCount(project, text, text, text, 2, HOUR),)))
            found = _issue(issue_store, project, key)
            assert (found.title, found.culprit, found.platform) == (text, text, text)
            assert text.startswith(found.first_release)
            query = IssueQuery((project,), text=text[:500], release=text, environment=text)
            assert found in issue_store.list_issues(query).items
            assert facts_of(issue_store, project, "issue.created")[-1].data["title"] == text
        assert sum(count.quantity for count in issue_store.outcomes(project, HOUR, HOUR + 1)) == 3 * len(HOSTILE_TEXTS)


def _issue(store: IssueStore, project: int, key: str = "key") -> Issue:
    found = store.find_issue(project, key)
    assert found is not None
    return found
