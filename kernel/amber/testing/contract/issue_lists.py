"""What every issue store promises about finding issues and changing them."""

from typing import Literal

import pytest
from msgspec import structs

from amber.errors import Reject
from amber.model import Batch, Directory, Issue, IssueChange, IssueQuery, IssueStore
from amber.testing.stores import BAD_CURSORS, NOON, audit, event, facts_of, new_project

SORTS: tuple[Literal["last_seen", "first_seen", "count", "users"], ...] = ("last_seen", "first_seen", "count", "users")


class IssueListContract:
    """Fixtures: `issue_store`, an empty store, and `directory`, the directory its projects stand in."""

    @pytest.fixture
    def project(self, directory: Directory) -> int:
        return new_project(directory, "shop").id

    @pytest.fixture
    def issues(self, issue_store: IssueStore, project: int) -> list[Issue]:
        """Twenty issues; among their counts, users and times there are equal ones."""
        made = [
            event(project, f"key {key:02}", NOON + (key * 7 + number) % 10, user={"id": str(number % 3)})
            for key in range(20)
            for number in range(1 + key % 4)
        ]
        issue_store.apply(Batch(events=tuple(made)))
        found = [issue_store.find_issue(project, f"key {key:02}") for key in range(20)]
        return [issue for issue in found if issue]

    @pytest.mark.parametrize("sort", SORTS)
    def test_pages_hold_every_issue_once_in_order(
        self, issue_store: IssueStore, issues: list[Issue], sort: Literal["last_seen", "first_seen", "count", "users"]
    ) -> None:
        whole = list(issue_store.list_issues(IssueQuery((issues[0].project,), sort=sort)).items)
        assert sorted(whole, key=lambda issue: issue.id) == sorted(issues, key=lambda issue: issue.id)
        values = [getattr(issue, sort) for issue in whole]
        assert values == sorted(values, reverse=True)
        for limit in (1, 7, 20):
            assert _all(issue_store, IssueQuery((issues[0].project,), sort=sort, limit=limit)) == whole

    def test_pages_hold_still_while_issues_are_made(self, issue_store: IssueStore, issues: list[Issue]) -> None:
        query = IssueQuery((issues[0].project,), sort="first_seen", limit=8)
        page = issue_store.list_issues(query)
        fresh = tuple(event(query.projects[0], f"new {number}", NOON + 100 + number) for number in range(5))
        issue_store.apply(Batch(events=fresh))
        rest = _all(issue_store, structs.replace(query, cursor=page.next or ""))
        assert sorted(issue.id for issue in (*page.items, *rest)) == sorted(issue.id for issue in issues)

    def test_a_bad_cursor_is_rejected(self, issue_store: IssueStore, project: int) -> None:
        for cursor in BAD_CURSORS:
            with pytest.raises(Reject) as refusal:
                issue_store.list_issues(IssueQuery((project,), cursor=cursor))
            assert refusal.value.status == 400

    def test_a_cursor_of_another_order_is_rejected(self, issue_store: IssueStore, issues: list[Issue]) -> None:
        query = IssueQuery((issues[0].project,), limit=2)
        cursor = issue_store.list_issues(query).next
        assert cursor
        with pytest.raises(Reject):
            issue_store.list_issues(structs.replace(query, cursor=cursor, sort="count"))

    def test_filters_narrow_the_list(self, issue_store: IssueStore, project: int) -> None:
        one = event(project, "one", release="1.0", environment="prod", level="fatal")
        again = event(project, "one", release="1.1", environment="dev", level="info")
        two = event(project, "two", release="1.1", environment="prod", level="warning")
        issue_store.apply(Batch(events=(one, two)))
        issue_store.apply(Batch(events=(again,)))
        issue_store.change_issues([_id(issue_store, project, "two")], IssueChange(status="ignored"), audit())
        for query, expected in (
            (IssueQuery((project,), status="ignored"), ["two"]),
            (IssueQuery((project,), status="unresolved"), ["one"]),
            (IssueQuery((project,), status="resolved"), []),
            (IssueQuery((project,), level="fatal"), ["one"]),
            (IssueQuery((project,), level="info"), []),
            (IssueQuery((project,), release="1.0"), ["one"]),
            (IssueQuery((project,), release="1.1"), ["one", "two"]),
            (IssueQuery((project,), release="prod"), []),
            (IssueQuery((project,), environment="prod"), ["one", "two"]),
            (IssueQuery((project,), environment="dev", release="1.1"), ["one"]),
            (IssueQuery((project,), environment="dev", status="ignored"), []),
            (IssueQuery((project + 1,)), []),
        ):
            listed = issue_store.list_issues(query).items
            assert sorted(issue.title for issue in listed) == [f"Error: {key}" for key in expected], query

    def test_issues_are_found_by_who_has_them(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=tuple(event(project, key) for key in ("one", "two", "three"))))
        for key, assignee in (("one", "user:1"), ("two", "user:12")):
            issue_store.change_issues([_id(issue_store, project, key)], IssueChange(assignee=assignee), audit())
        for assignee, expected in (
            ("user:1", {"one"}),
            ("user:12", {"two"}),
            ("user:3", set()),
            ("none", {"three"}),
            ("", {"one", "two", "three"}),
        ):
            listed = issue_store.list_issues(IssueQuery((project,), assignee=assignee)).items
            assert {issue.title for issue in listed} == {f"Error: {key}" for key in expected}, assignee

    def test_issues_are_found_by_when_they_were_last_seen(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "old", NOON - 1), event(project, "new", NOON + 1))))
        for since, expected in ((0.0, 2), (NOON - 1, 2), (NOON, 1), (NOON + 1, 1), (NOON + 1.5, 0)):
            assert len(issue_store.list_issues(IssueQuery((project,), seen_since=since)).items) == expected

    def test_only_what_came_back_and_is_open_is_regressed(self, issue_store: IssueStore, project: int) -> None:
        keys = ("new", "resolved", "back", "back and resolved", "reopened")
        issue_store.apply(Batch(events=tuple(event(project, key) for key in keys)))
        ids = {key: _id(issue_store, project, key) for key in keys}
        everything_but_new = [ids[key] for key in keys[1:]]
        issue_store.change_issues(everything_but_new, IssueChange(status="resolved"), audit())
        issue_store.apply(Batch(events=tuple(event(project, key, NOON + 1) for key in ("back", "back and resolved"))))
        issue_store.change_issues([ids["back and resolved"]], IssueChange(status="resolved"), audit())
        issue_store.change_issues([ids["reopened"]], IssueChange(status="unresolved"), audit())
        listed = issue_store.list_issues(IssueQuery((project,), is_regressed=True)).items
        assert [issue.id for issue in listed] == [ids["back"]]

    @pytest.mark.parametrize("sort", SORTS)
    def test_issues_of_several_projects_stand_in_one_list(
        self,
        issue_store: IssueStore,
        directory: Directory,
        issues: list[Issue],
        sort: Literal["last_seen", "first_seen", "count", "users"],
    ) -> None:
        others = [new_project(directory).id for _ in range(2)]
        made = (event(others[number % 2], f"key {number // 3}", NOON + number % 7) for number in range(30))
        issue_store.apply(Batch(events=tuple(made)))
        wanted = issues[0].project, others[1]
        whole = list(issue_store.list_issues(IssueQuery(wanted, sort=sort)).items)
        apart = [found for one in wanted for found in issue_store.list_issues(IssueQuery((one,))).items]
        assert sorted(whole, key=lambda issue: issue.id) == sorted(apart, key=lambda issue: issue.id)
        values = [getattr(issue, sort) for issue in whole]
        assert values == sorted(values, reverse=True)
        for limit in (1, 7):
            assert _all(issue_store, IssueQuery(wanted, sort=sort, limit=limit)) == whole

    def test_no_projects_have_no_issues(self, issue_store: IssueStore, issues: list[Issue]) -> None:
        assert issues
        assert issue_store.list_issues(IssueQuery(())).items == ()

    def test_text_is_found_whatever_its_case_and_signs(self, issue_store: IssueStore, project: int) -> None:
        titles = ("50% of Größe_x", "50 per cent", "Ünïcode ÉCLAIR", "C:\\temp\\x", "a/b")
        made = (structs.replace(event(project, t), title=t, culprit=f"app.views.{n}") for n, t in enumerate(titles))
        issue_store.apply(Batch(events=tuple(made)))
        for text, expected in (
            ("50%", {titles[0]}),
            ("50", {titles[0], titles[1]}),
            ("grÖSSE_X", {titles[0]}),
            ("r%e_x", set()),
            ("_", {titles[0]}),
            ("éclair", {titles[2]}),
            ("\\TEMP\\", {titles[3]}),
            ("A/B", {titles[4]}),
            ("VIEWS.3", {titles[3]}),
            ("'", set()),
            ("app", set(titles)),
        ):
            listed = issue_store.list_issues(IssueQuery((project,), text=text)).items
            assert {issue.title for issue in listed} == expected, text

    def test_an_order_nobody_knows_is_rejected(self, issue_store: IssueStore, project: int) -> None:
        with pytest.raises(Reject):
            issue_store.list_issues(structs.replace(IssueQuery((project,)), sort="project"))

    def test_a_text_too_long_to_look_for_is_rejected(self, issue_store: IssueStore, project: int) -> None:
        with pytest.raises(Reject):
            issue_store.list_issues(IssueQuery((project,), text="x" * 100_000))

    def test_what_is_not_there_is_not_found(self, issue_store: IssueStore, project: int) -> None:
        assert issue_store.list_issues(IssueQuery((project,))).items == ()
        assert issue_store.get_issue(999_999) is None
        assert issue_store.find_issue(project, "key") is None
        assert issue_store.issue_keys(999_999) == ()

    # --- changing -----------------------------------------------------------------------------------------------------

    def test_a_change_is_made_told_and_written_down(
        self, issue_store: IssueStore, project: int, directory: Directory
    ) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        before = issue_store.get_issue(_id(issue_store, project, "key"))
        assert before is not None
        change = IssueChange(status="resolved", assignee="user:7")
        (after,) = issue_store.change_issues([before.id, 999_999], change, audit("issue.changed", 42))
        assert after == structs.replace(before, status="resolved", assignee="user:7")
        assert issue_store.get_issue(before.id) == after
        resolved, assigned = facts_of(issue_store, project, "issue.resolved", "issue.assigned")
        assert resolved.data["issue_id"] == assigned.data["issue_id"] == str(before.id)
        assert (assigned.data["assignee"], assigned.data["actor"]) == ("user:7", "user:1")
        (entry,) = directory.audit_log(42).items
        assert (entry.action, entry.subject) == ("issue.changed", f"issue:{before.id}")
        assert entry.before == {"status": "unresolved", "assignee": ""}
        assert entry.after == {"status": "resolved", "assignee": "user:7"}

    def test_each_status_has_its_fact(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        issue = _id(issue_store, project, "key")
        for status in ("ignored", "resolved", "unresolved"):
            issue_store.change_issues([issue], IssueChange(status=status), audit())
        types = [fact.type for fact in facts_of(issue_store, project) if fact.type.startswith("issue.")]
        assert types == ["issue.created", "issue.ignored", "issue.resolved", "issue.reopened"]

    def test_a_change_that_changes_nothing_tells_nothing(
        self, issue_store: IssueStore, project: int, directory: Directory
    ) -> None:
        issue_store.apply(Batch(events=(event(project, "one"), event(project, "two"))))
        one, two = _id(issue_store, project, "one"), _id(issue_store, project, "two")
        issue_store.change_issues([one], IssueChange(assignee="user:7"), audit())
        before = issue_store.pending_facts(100)
        assert issue_store.change_issues([], IssueChange(status="resolved"), audit()) == ()
        (same,) = issue_store.change_issues([one], IssueChange(assignee="user:7", status="unresolved"), audit("x", 5))
        assert same.assignee == "user:7"
        assert issue_store.pending_facts(100) == before
        assert directory.audit_log(5).items == ()
        changed = issue_store.change_issues([two, one], IssueChange(assignee="user:7"), audit("x", 5))
        assert {issue.id for issue in changed} == {one, two}
        assert len(directory.audit_log(5).items) == 1

    def test_an_empty_assignee_unassigns(self, issue_store: IssueStore, project: int) -> None:
        issue_store.apply(Batch(events=(event(project, "key"),)))
        issue = _id(issue_store, project, "key")
        issue_store.change_issues([issue], IssueChange(assignee="user:7"), audit())
        (after,) = issue_store.change_issues([issue], IssueChange(assignee=""), audit())
        assert after.assignee == ""
        assert len(facts_of(issue_store, project, "issue.assigned")) == 2


def _id(store: IssueStore, project: int, key: str) -> int:
    found = store.find_issue(project, key)
    assert found is not None
    return found.id


def _all(store: IssueStore, query: IssueQuery) -> list[Issue]:
    page = store.list_issues(query)
    found = [*page.items]
    while page.next:
        assert len(page.items) == query.limit
        page = store.list_issues(structs.replace(query, cursor=page.next))
        found += page.items
    return found
