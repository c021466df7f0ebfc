"""What every directory promises."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from msgspec import structs

from amber.errors import Reject
from amber.model import Directory, IssueStore, Token, User
from amber.testing.stores import HOSTILE_TEXTS, NOON, audit, facts_of

BAD_SLUGS = ("", "-a", "A", "a b", "a_b", "a/b", "ä", "a" * 51, "12", "a\n", "a\x00", "٣")
USER = User(0, 1, "Ann.Lee@example.org", "Ann", "owner", "hash", NOON)
TOKEN = Token(0, 1, None, "ci", "abcd", ("project:read", "event:read"), NOON)


class DirectoryContract:
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    @pytest.fixture
    def acme(self, directory: Directory) -> int:
        return directory.add_organisation("acme", "Acme", audit()).id

    def test_ids_count_from_one(self, directory: Directory) -> None:
        first = directory.add_organisation("acme", "Acme", audit())
        assert (first.id, first.slug, first.name, first.created_at) == (1, "acme", "Acme", NOON)
        assert directory.add_project(1, "shop", "Shop", "python", audit()).id == 1

    def test_organisations_are_found_by_id_and_slug(self, directory: Directory) -> None:
        made = tuple(directory.add_organisation(f"org-{number}", "Org", audit()) for number in range(3))
        assert directory.organisations() == made
        assert directory.organisation("org-1") == made[1]
        assert directory.organisation(str(made[2].id)) == made[2]
        for ref in ("", "org", "999", "9" * 40, "-1", "org-1 ", "' OR 1=1 --"):
            assert directory.organisation(ref) is None

    def test_projects_are_found_by_id_and_slug_within_their_organisation(self, directory: Directory, acme: int) -> None:
        other = directory.add_organisation("other", "Other", audit()).id
        mine = directory.add_project(acme, "shop", "Shop", "python", audit())
        theirs = directory.add_project(other, "shop", "Their shop", "node", audit())
        assert directory.projects(acme) == (mine,)
        assert directory.project("shop", acme) == mine
        assert directory.project("shop", other) == theirs
        assert directory.project("shop") == mine
        assert directory.project(str(theirs.id)) == theirs
        assert directory.project(str(theirs.id), acme) is None
        assert directory.project("shop", 999) is None
        assert (mine.name, mine.platform, mine.settings, mine.created_at) == ("Shop", "python", {}, NOON)

    def test_a_bad_slug_is_rejected_by_name(self, directory: Directory, acme: int) -> None:
        for slug in BAD_SLUGS:
            for refusal in (
                _refusal(partial(directory.add_organisation, slug, "X", audit())),
                _refusal(partial(directory.add_project, acme, slug, "X", "python", audit())),
                _refusal(partial(directory.add_team, acme, slug, "X", audit())),
            ):
                assert refusal.status == 400
                assert "slug" in refusal.detail

    def test_what_is_taken_is_refused(self, directory: Directory, acme: int) -> None:
        directory.add_project(acme, "shop", "Shop", "python", audit())
        directory.add_team(acme, "core", "Core", audit())
        directory.add_user(structs.replace(USER, organisation=acme), audit())
        again = structs.replace(USER, organisation=acme, email=" ann.lee@EXAMPLE.org")
        entries = len(directory.audit_log(acme).items)
        for make in (
            lambda: directory.add_organisation("acme", "X", audit()),
            lambda: directory.add_project(acme, "shop", "X", "python", audit(organisation=acme)),
            lambda: directory.add_team(acme, "core", "X", audit(organisation=acme)),
            lambda: directory.add_user(again, audit(organisation=acme)),
        ):
            assert _refusal(make).status == 409
        assert len(directory.audit_log(acme).items) == entries
        assert len(directory.projects(acme)) == len(directory.teams(acme)) == len(directory.users(acme)) == 1

    def test_what_does_not_exist_cannot_be_changed(self, directory: Directory, acme: int) -> None:
        for change in (
            lambda: directory.add_project(999, "shop", "X", "python", audit()),
            lambda: directory.add_team(999, "core", "X", audit()),
            lambda: directory.add_user(structs.replace(USER, organisation=999), audit()),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=999), b"x", audit()),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=acme, project=999), b"x", audit()),
            lambda: directory.add_key(999, "X", audit()),
            lambda: directory.change_key(999, False, audit()),
            lambda: directory.change_project(999, {"name": "X"}, audit()),
            lambda: directory.touch_token(999, NOON),
            lambda: directory.revoke_token(999, audit()),
        ):
            assert _refusal(change).status == 404

    def test_teams_are_listed(self, directory: Directory, acme: int) -> None:
        made = tuple(directory.add_team(acme, slug, "Team", audit()) for slug in ("b", "a"))
        assert directory.teams(acme) == made
        assert directory.teams(acme + 1) == ()

    def test_a_project_is_changed_field_by_field(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        directory.change_project(project.id, {"settings": {"a": 1, "b": {"deep": [True, None]}}}, audit())
        directory.change_project(project.id, {"name": "Store", "settings": {"a": None, "c": "x"}}, audit())
        changed = directory.change_project(project.id, {"settings": {"gone": None}}, audit())
        assert changed == structs.replace(project, name="Store", settings={"b": {"deep": [True, None]}, "c": "x"})
        assert directory.project("shop") == changed
        assert directory.change_project(project.id, {}, audit()) == changed

    @pytest.mark.parametrize("changes", [{"slug": "x"}, {"id": 5}, {"name": 5}, {"settings": "x"}, {"platform": None}])
    def test_a_change_no_project_can_have_is_rejected(
        self, directory: Directory, acme: int, changes: dict[str, object]
    ) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        refusal = _refusal(lambda: directory.change_project(project.id, {"name": "New", **changes}, audit()))
        assert refusal.status == 400
        assert next(iter(changes)) in refusal.detail
        assert directory.project("shop") == project

    # --- keys ---------------------------------------------------------------------------------------------------------

    def test_a_project_is_born_with_a_key(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        (key,) = directory.keys(project.id)
        assert re.fullmatch("[0-9a-f]{32}", key.public_key)
        assert key.is_active
        assert directory.key(key.public_key) == (key, project)
        assert directory.key("0" * 32) is None
        assert directory.key("") is None

    def test_keys_are_switched_off_and_on(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        key = directory.add_key(project.id, "mobile", audit())
        assert directory.keys(project.id)[1] == key
        off = directory.change_key(key.id, False, audit())
        assert off == structs.replace(key, is_active=False)
        assert directory.key(key.public_key) == (off, project)
        assert directory.change_key(key.id, True, audit()) == key

    # --- people -------------------------------------------------------------------------------------------------------

    def test_a_user_is_found_by_email_whatever_its_case(self, directory: Directory, acme: int) -> None:
        made = directory.add_user(structs.replace(USER, organisation=acme, id=77), audit())
        assert made == structs.replace(USER, organisation=acme, id=1)
        assert directory.user_by_email("ANN.LEE@example.ORG") == made
        assert directory.user_by_email("nobody@example.org") is None
        assert directory.users(acme) == (made,)

    def test_a_token_is_found_by_its_digest_alone(self, directory: Directory, acme: int) -> None:
        given = structs.replace(TOKEN, organisation=acme, id=77)
        made = directory.add_token(given, b"\x00digest", audit())
        assert made == structs.replace(given, id=1)
        assert directory.token(b"\x00digest") == made
        assert directory.token(b"") is None
        assert directory.tokens(acme) == (made,)
        assert directory.tokens(acme + 1) == ()

    def test_a_token_remembers_its_last_use(self, directory: Directory, acme: int) -> None:
        made = directory.add_token(structs.replace(TOKEN, organisation=acme), b"d", audit())
        entries = directory.audit_log(acme).items
        for at in (NOON + 5, NOON + 3):  # two processes may tell of their uses in any order
            directory.touch_token(made.id, at)
        assert directory.token(b"d") == structs.replace(made, last_used_at=NOON + 5)
        assert directory.audit_log(acme).items == entries

    def test_a_revoked_token_stays_revoked(self, directory: Directory, acme: int) -> None:
        made = directory.add_token(structs.replace(TOKEN, organisation=acme), b"d", audit())
        gone = directory.revoke_token(made.id, audit())
        assert gone == structs.replace(made, revoked_at=NOON)
        assert directory.revoke_token(made.id, structs.replace(audit(), at=NOON + 9)) == gone
        assert directory.token(b"d") == gone
        assert directory.tokens(acme) == (gone,)

    # --- audit log and facts ------------------------------------------------------------------------------------------

    def test_an_organisation_s_first_entry_is_its_own(self, directory: Directory) -> None:
        made = directory.add_organisation("acme", "Acme", audit("organisation.made", 999))
        assert directory.audit_log(made.id).items == (audit("organisation.made", made.id),)
        assert directory.audit_log(999).items == ()

    def test_every_change_is_written_down(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit("1", acme))
        directory.change_project(project.id, {"name": "X"}, audit("2", acme))
        key = directory.add_key(project.id, "second", audit("3", acme))
        directory.change_key(key.id, False, audit("4", acme))
        directory.add_team(acme, "core", "Core", audit("5", acme))
        directory.add_user(structs.replace(USER, organisation=acme), audit("6", acme))
        token = directory.add_token(structs.replace(TOKEN, organisation=acme), b"d", audit("7", acme))
        directory.revoke_token(token.id, audit("8", acme))
        actions = [entry.action for entry in directory.audit_log(acme).items]
        assert actions == ["8", "7", "6", "5", "4", "3", "2", "1", "test.done"]

    def test_the_audit_log_is_read_page_by_page(self, directory: Directory, acme: int) -> None:
        for number in range(10):
            directory.add_team(acme, f"team-{number}", "Team", audit(str(number), acme))
        page = directory.audit_log(acme, limit=4)
        directory.add_team(acme, "late", "Late", audit("late", acme))
        rest = directory.audit_log(acme, page.next or "", limit=50)
        assert [entry.action for entry in (*page.items, *rest.items)] == [*"9876543210", "test.done"]
        assert rest.next is None
        with pytest.raises(Reject):
            directory.audit_log(acme, "no cursor")

    def test_processes_hear_of_what_they_remember(
        self, directory: Directory, issue_store: IssueStore, acme: int
    ) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        first = directory.keys(project.id)[0]
        directory.change_project(project.id, {"name": "X"}, audit())
        second = directory.add_key(project.id, "second", audit())
        directory.change_key(first.id, False, audit())
        token = directory.add_token(structs.replace(TOKEN, organisation=acme, project=project.id), b"d", audit())
        directory.revoke_token(token.id, audit())
        told = [(fact.type, fact.data) for fact in facts_of(issue_store, project.id)]
        assert told == [
            ("project.changed", {"project_id": str(project.id)}),
            ("key.changed", {"public_key": first.public_key}),
            ("project.changed", {"project_id": str(project.id)}),
            ("key.changed", {"public_key": second.public_key}),
            ("key.changed", {"public_key": first.public_key}),
            ("token.changed", {"token_id": str(token.id)}),
            ("token.changed", {"token_id": str(token.id)}),
        ]

    def test_a_refused_change_tells_nothing(self, directory: Directory, issue_store: IssueStore, acme: int) -> None:
        directory.add_project(acme, "shop", "Shop", "python", audit())
        before = issue_store.pending_facts(100)
        _refusal(lambda: directory.add_project(acme, "shop", "Shop", "python", audit()))
        assert issue_store.pending_facts(100) == before

    # --- hostile values and threads -----------------------------------------------------------------------------------

    def test_any_text_is_kept_as_it_is(self, directory: Directory, acme: int) -> None:
        for number, text in enumerate(HOSTILE_TEXTS):
            entry = structs.replace(audit(text, acme), after={text: text})
            project = directory.add_project(acme, f"shop-{number}", text, text, entry)
            assert directory.audit_log(acme).items[0].after == {text: text}
            directory.change_project(project.id, {"settings": {f"_{text}": text}}, audit())
            assert directory.project(project.slug) == structs.replace(project, settings={f"_{text}": text})
            assert directory.add_key(project.id, text, audit()).label == text
            found = directory.organisation(text), directory.key(text), directory.project(text, acme)
            assert found == (None, None, None)

    def test_of_threads_that_want_one_slug_one_gets_it(self, directory: Directory, acme: int) -> None:
        def attempt(_: int) -> int:
            try:
                directory.add_project(acme, "shop", "Shop", "python", audit())
            except Reject as refusal:
                return refusal.status
            return 200

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(attempt, range(8))) == [200] + [409] * 7
        assert len(directory.projects(acme)) == 1


def _refusal(action: Callable[[], object]) -> Reject:
    with pytest.raises(Reject) as refusal:
        action()
    return refusal.value
