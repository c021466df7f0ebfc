"""What every directory promises about teams."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Directory, IssueStore, Member, Token
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import NOON, audit, facts_of, new_member


class TeamContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    @pytest.fixture
    def core(self, directory: Directory, acme: int) -> int:
        return directory.add_team(acme, "core", "Core", audit()).id

    @pytest.fixture
    def shop(self, directory: Directory, acme: int) -> int:
        return directory.add_project(acme, "shop", "Shop", "python", audit()).id

    def test_teams_are_listed(self, directory: Directory, acme: int, other: int) -> None:
        made = tuple(directory.add_team(acme, slug, "Team", audit()) for slug in ("b", "a"))
        assert directory.teams(acme) == made
        assert directory.teams(other) == ()

    def test_a_slug_is_taken_once_in_an_organisation(
        self, directory: Directory, acme: int, other: int, core: int
    ) -> None:
        assert refusal(lambda: directory.add_team(acme, "core", "X", audit())).status == 409
        assert directory.add_team(other, "core", "X", audit()).slug == "core"

    def test_a_team_is_renamed(self, directory: Directory, acme: int, core: int) -> None:
        before = directory.teams(acme)[0]
        assert directory.change_team(core, "New", audit()) == structs.replace(before, name="New")
        assert directory.teams(acme) == (structs.replace(before, name="New"),)

    def test_members_of_the_organisation_are_put_in_and_taken_out(
        self, directory: Directory, core: int, ann: Member, bob: Member
    ) -> None:
        for member in (bob, ann, ann):
            directory.set_team_member(core, member.user.id, True, audit())
        assert directory.team_members(core) == (ann.user, bob.user)
        for _ in range(2):
            directory.set_team_member(core, ann.user.id, False, audit())
        assert directory.team_members(core) == (bob.user,)
        assert directory.team_members(999) == ()

    def test_projects_of_the_organisation_are_given_and_taken(
        self, directory: Directory, acme: int, core: int, shop: int
    ) -> None:
        web = directory.add_project(acme, "web", "Web", "node", audit()).id
        for project in (web, shop, shop):
            directory.set_team_project(core, project, True, audit())
        assert directory.team_projects(core) == (shop, web)
        for _ in range(2):
            directory.set_team_project(core, shop, False, audit())
        assert directory.team_projects(core) == (web,)
        assert directory.team_projects(999) == ()

    def test_strangers_cannot_be_linked(self, directory: Directory, core: int, other: int, ann: Member) -> None:
        stranger = new_member(directory, other, "owner", "eve").user.id
        theirs = directory.add_project(other, "theirs", "Theirs", "python", audit()).id
        for change in (
            lambda: directory.set_team_member(core, stranger, True, audit()),
            lambda: directory.set_team_member(core, 999, True, audit()),
            lambda: directory.set_team_member(999, ann.user.id, True, audit()),
            lambda: directory.set_team_project(core, theirs, True, audit()),
            lambda: directory.set_team_project(core, 999, True, audit()),
            lambda: directory.set_team_project(999, theirs, True, audit()),
            lambda: directory.change_team(999, "X", audit()),
            lambda: directory.remove_team(999, audit()),
        ):
            assert refusal(change).status == 404
        assert (directory.team_members(core), directory.team_projects(core)) == ((), ())

    def test_a_team_that_goes_takes_its_tokens_along(
        self, directory: Directory, issue_store: IssueStore, acme: int, core: int, shop: int, ann: Member
    ) -> None:
        web = directory.add_team(acme, "web", "Web", audit())
        for team in (core, web.id):
            directory.set_team_member(team, ann.user.id, True, audit())
            directory.set_team_project(team, shop, True, audit())
        old, live, kept = (_token(directory, acme, team) for team in (core, core, web.id))
        old = directory.revoke_token(old.id, audit())
        told = len(facts_of(issue_store, 0, "token.changed"))
        directory.remove_team(core, structs.replace(audit("removed", acme), at=NOON + 5))
        assert directory.teams(acme) == (web,)
        assert (directory.team_members(core), directory.team_projects(core)) == ((), ())
        assert directory.team_members(web.id) == (ann.user,)
        assert directory.tokens(acme) == (old, structs.replace(live, revoked_at=NOON + 5), kept)
        assert [fact.data for fact in facts_of(issue_store, 0, "token.changed")[told:]] == [{"token_id": str(live.id)}]
        subjects = {entry.subject for entry in directory.audit_log(acme).items if entry.action == "removed"}
        assert subjects == {f"team:{core}", f"token:{live.id}"}

    def test_processes_hear_that_a_team_s_tokens_reach_other_projects(
        self, directory: Directory, issue_store: IssueStore, acme: int, core: int, shop: int
    ) -> None:
        token = _token(directory, acme, core)
        for is_linked in (True, True, False):
            directory.set_team_project(core, shop, is_linked, audit())
        told = [fact.data["token_id"] for fact in facts_of(issue_store, 0, "token.changed")]
        assert told == [str(token.id)] * 3  # made, given a project, taken it away

    # --- threads ------------------------------------------------------------------------------------------------------

    def test_who_is_removed_while_put_into_a_team_is_in_none(
        self, directory: Directory, acme: int, core: int, ann: Member
    ) -> None:
        for number in range(5):
            user = new_member(directory, acme, "member", f"user-{number}").user.id
            at_once(
                partial(directory.set_team_member, core, user, True, audit()),
                partial(directory.remove_member, acme, user, audit()),
            )
            assert directory.team_members(core) == ()

    def test_a_token_made_while_its_team_goes_does_not_work(self, directory: Directory, acme: int) -> None:
        for number in range(5):
            team = directory.add_team(acme, f"team-{number}", "Team", audit()).id
            at_once(partial(_token, directory, acme, team), partial(directory.remove_team, team, audit()))
        assert all(token.revoked_at is not None for token in directory.tokens(acme))


def _token(directory: Directory, organisation: int, team: int) -> Token:
    digest = b"%d of %d" % (len(directory.tokens(organisation)), team)
    wanted = Token(0, organisation, None, "ci", "abcd", ("project:read",), NOON, team=team)
    return directory.add_token(wanted, digest, audit())
