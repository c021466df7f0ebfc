"""What every directory promises about organisations, projects, keys and tokens."""

import re
from functools import partial

import pytest
from msgspec import structs

from amber.model import Directory, IssueStore, Token
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import HOSTILE_TEXTS, NOON, audit, facts_of

BAD_SLUGS = ("", "-a", "A", "a b", "a_b", "a/b", "ä", "a" * 51, "12", "a\n", "a\x00", "٣")
TOKEN = Token(0, 1, None, "ci", "abcd", ("project:read", "event:read"), NOON)


class DirectoryContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

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

    def test_an_organisation_is_renamed(self, directory: Directory, acme: int, other: int) -> None:
        changed = directory.change_organisation(acme, "Acme & Sons", audit())
        assert (changed.id, changed.slug, changed.name) == (acme, "acme", "Acme & Sons")
        assert directory.organisation("acme") == changed
        assert directory.organisation(str(other)) != changed

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
            for refused in (
                refusal(partial(directory.add_organisation, slug, "X", audit())),
                refusal(partial(directory.add_project, acme, slug, "X", "python", audit())),
                refusal(partial(directory.add_team, acme, slug, "X", audit())),
            ):
                assert refused.status == 400
                assert "slug" in refused.detail

    def test_what_is_taken_is_refused(self, directory: Directory, acme: int) -> None:
        directory.add_project(acme, "shop", "Shop", "python", audit())
        directory.add_token(structs.replace(TOKEN, organisation=acme), b"d", audit())
        entries = len(directory.audit_log(acme).items)
        for make in (
            lambda: directory.add_organisation("acme", "X", audit()),
            lambda: directory.add_project(acme, "shop", "X", "python", audit(organisation=acme)),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=acme), b"d", audit(organisation=acme)),
        ):
            assert refusal(make).status == 409
        assert len(directory.audit_log(acme).items) == entries
        assert len(directory.projects(acme)) == len(directory.tokens(acme)) == 1

    def test_what_does_not_exist_cannot_be_changed(self, directory: Directory, acme: int) -> None:
        for change in (
            lambda: directory.add_project(999, "shop", "X", "python", audit()),
            lambda: directory.add_team(999, "core", "X", audit()),
            lambda: directory.change_organisation(999, "X", audit()),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=999), b"x", audit()),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=acme, project=999), b"x", audit()),
            lambda: directory.add_token(structs.replace(TOKEN, organisation=acme, team=999), b"x", audit()),
            lambda: directory.add_key(999, "X", audit()),
            lambda: directory.change_key(999, False, audit()),
            lambda: directory.change_project(999, {"name": "X"}, audit()),
            lambda: directory.touch_token(999, NOON),
            lambda: directory.revoke_token(999, audit()),
        ):
            assert refusal(change).status == 404

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
        refused = refusal(lambda: directory.change_project(project.id, {"name": "New", **changes}, audit()))
        assert refused.status == 400
        assert next(iter(changes)) in refused.detail
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

    def test_threads_that_change_settings_do_not_undo_each_other(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit()).id
        changes = [{"settings": {f"setting {number}": number}} for number in range(6)]
        at_once(*(partial(directory.change_project, project, change, audit()) for change in changes))
        changed = directory.project("shop")
        assert changed is not None
        assert changed.settings == {f"setting {number}": number for number in range(6)}

    def test_keys_are_switched_off_and_on(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit())
        key = directory.add_key(project.id, "mobile", audit())
        assert directory.keys(project.id)[1] == key
        off = directory.change_key(key.id, False, audit())
        assert off == structs.replace(key, is_active=False)
        assert directory.key(key.public_key) == (off, project)
        assert directory.change_key(key.id, True, audit()) == key

    # --- tokens -------------------------------------------------------------------------------------------------------

    def test_a_token_is_found_by_its_digest_alone(self, directory: Directory, acme: int) -> None:
        given = structs.replace(TOKEN, organisation=acme, id=77)
        made = directory.add_token(given, b"\x00digest", audit())
        assert made == structs.replace(given, id=1)
        assert directory.token(b"\x00digest") == made
        assert directory.token(b"") is None
        assert directory.tokens(acme) == (made,)
        assert directory.token_by_id(made.id) == made
        assert directory.token_by_id(made.id + 1) is None
        assert directory.tokens(acme + 1) == ()

    def test_a_token_may_be_a_project_s_or_a_team_s_of_its_organisation(
        self, directory: Directory, acme: int, other: int
    ) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit()).id
        team = directory.add_team(acme, "core", "Core", audit()).id
        of_project, of_team = (
            directory.add_token(structs.replace(TOKEN, organisation=acme, **owner), str(owner).encode(), audit())
            for owner in ({"project": project}, {"team": team})
        )
        assert (of_project.project, of_project.team) == (project, None)
        assert (of_team.project, of_team.team) == (None, team)
        assert directory.tokens(acme) == (of_project, of_team)
        for wrong, status in (
            (structs.replace(of_project, organisation=other), 404),
            (structs.replace(of_team, organisation=other), 404),
            (structs.replace(of_project, team=team), 400),
        ):
            assert refusal(partial(directory.add_token, wrong, b"x", audit())).status == status

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

    # --- facts --------------------------------------------------------------------------------------------------------

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
        refusal(lambda: directory.add_project(acme, "shop", "Shop", "python", audit()))
        assert issue_store.pending_facts(100) == before

    # --- hostile values and threads -----------------------------------------------------------------------------------

    def test_any_text_is_kept_as_it_is(self, directory: Directory, acme: int) -> None:
        for number, text in enumerate(HOSTILE_TEXTS):
            entry = structs.replace(audit(text, acme), client_ip=text)
            project = directory.add_project(acme, f"shop-{number}", text, text, entry)
            assert directory.audit_log(acme).items[0].after["name"] == text
            directory.change_project(project.id, {"settings": {f"_{text}": text}}, audit())
            assert directory.project(project.slug) == structs.replace(project, settings={f"_{text}": text})
            assert directory.add_key(project.id, text, audit()).label == text
            found = directory.organisation(text), directory.key(text), directory.project(text, acme)
            assert found == (None, None, None)

    def test_of_threads_that_want_one_slug_one_gets_it(self, directory: Directory, acme: int) -> None:
        make = partial(directory.add_project, acme, "shop", "Shop", "python", audit())
        assert at_once(*[make] * 6) == [200] + [409] * 5
        assert len(directory.projects(acme)) == 1
