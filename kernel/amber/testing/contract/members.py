"""What every directory promises about places in organisations."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Directory, IssueStore, Member, Session
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import NOON, audit, facts_of, new_member, new_user


class MemberContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    def test_places_are_found_by_organisation_and_by_user(
        self, directory: Directory, acme: int, other: int, ann: Member, bob: Member
    ) -> None:
        assert ann == Member(ann.user, acme, "owner", NOON)
        elsewhere = directory.add_member(other, ann.user.id, "member", structs.replace(audit(), at=NOON + 5))
        assert elsewhere == Member(ann.user, other, "member", NOON + 5)
        assert directory.members(acme) == (ann, bob)
        assert directory.members(other) == (elsewhere,)
        assert directory.memberships(ann.user.id) == (ann, elsewhere)
        assert directory.members(999) == directory.memberships(999) == ()

    def test_nobody_has_two_places_in_one_organisation(self, directory: Directory, acme: int, ann: Member) -> None:
        assert refusal(lambda: directory.add_member(acme, ann.user.id, "member", audit())).status == 409
        assert directory.members(acme) == (ann,)

    def test_what_does_not_exist_cannot_be_changed(
        self, directory: Directory, acme: int, other: int, ann: Member
    ) -> None:
        user = ann.user.id
        for change in (
            lambda: directory.add_member(999, user, "member", audit()),
            lambda: directory.add_member(acme, 999, "member", audit()),
            lambda: directory.change_member(999, user, "member", audit()),
            lambda: directory.change_member(acme, 999, "member", audit()),
            lambda: directory.change_member(other, user, "member", audit()),
            lambda: directory.remove_member(acme, 999, audit()),
            lambda: directory.remove_member(other, user, audit()),
        ):
            assert refusal(change).status == 404

    def test_a_role_is_changed(self, directory: Directory, acme: int, bob: Member, ann: Member) -> None:
        changed = directory.change_member(acme, bob.user.id, "admin", audit(organisation=acme))
        assert changed == structs.replace(bob, role="admin")
        assert directory.members(acme) == (ann, changed)
        entry = directory.audit_log(acme).items[0]
        assert (entry.before, entry.after) == ({"role": "member"}, {"role": "admin"})

    def test_a_role_nobody_knows_is_rejected(self, directory: Directory, acme: int, ann: Member, bob: Member) -> None:
        strange = structs.replace(bob, role="emperor").role
        assert refusal(lambda: directory.change_member(acme, bob.user.id, strange, audit())).status == 400
        fresh = new_user(directory, "cid").id
        assert refusal(lambda: directory.add_member(acme, fresh, strange, audit())).status == 400
        assert directory.members(acme) == (ann, bob)

    def test_the_last_owner_cannot_go(
        self, directory: Directory, acme: int, other: int, ann: Member, bob: Member
    ) -> None:
        directory.add_member(other, bob.user.id, "owner", audit())  # an owner elsewhere is none here
        for change in (
            lambda: directory.change_member(acme, ann.user.id, "admin", audit()),
            lambda: directory.remove_member(acme, ann.user.id, audit()),
        ):
            assert refusal(change).status == 409
        assert directory.members(acme) == (ann, bob)
        directory.change_member(acme, bob.user.id, "owner", audit())
        directory.change_member(acme, ann.user.id, "member", audit())
        directory.remove_member(acme, ann.user.id, audit())
        assert [member.user for member in directory.members(acme)] == [bob.user]

    def test_who_goes_leaves_sessions_and_teams_there(
        self, directory: Directory, acme: int, other: int, ann: Member, bob: Member
    ) -> None:
        directory.add_member(other, bob.user.id, "owner", audit())
        here, there = (_in_team_and_session(directory, organisation, bob) for organisation in (acme, other))
        directory.set_team_member(here, ann.user.id, True, audit())
        directory.remove_member(acme, bob.user.id, audit())
        assert directory.members(acme) == (ann,)
        assert [member.organisation for member in directory.memberships(bob.user.id)] == [other]
        assert directory.team_members(here) == (ann.user,)
        assert directory.team_members(there) == (bob.user,)
        assert [session.organisation for session in directory.sessions(bob.user.id)] == [other]
        assert directory.user(bob.user.id) == bob.user

    def test_processes_hear_of_it(
        self, directory: Directory, issue_store: IssueStore, acme: int, ann: Member, bob: Member
    ) -> None:
        _in_team_and_session(directory, acme, bob)
        (session,) = directory.sessions(bob.user.id)
        directory.change_member(acme, bob.user.id, "admin", audit())
        directory.change_member(acme, bob.user.id, "admin", audit())
        directory.remove_member(acme, bob.user.id, audit())
        users = [fact.data["user_id"] for fact in facts_of(issue_store, 0, "member.changed")]
        assert users == [str(user) for user in (ann.user.id, *[bob.user.id] * 3)]
        assert facts_of(issue_store, 0, "member.changed")[0].data["organisation_id"] == str(acme)
        (ended,) = facts_of(issue_store, 0, "session.changed")
        assert ended.data == {"session_id": str(session.id), "user_id": str(bob.user.id)}

    # --- threads ------------------------------------------------------------------------------------------------------

    def test_of_threads_that_add_one_member_one_succeeds(self, directory: Directory, acme: int) -> None:
        user = new_user(directory).id
        assert at_once(*[partial(directory.add_member, acme, user, "member", audit())] * 4) == [200, 409, 409, 409]
        assert len(directory.members(acme)) == 1

    @pytest.mark.parametrize("is_removed", [True, False])
    def test_of_the_two_last_owners_who_go_at_once_one_stays(self, directory: Directory, is_removed: bool) -> None:
        for number in range(5):
            home = directory.add_organisation(f"home-{number}", "Home", audit()).id
            owners = [new_member(directory, home, "owner", f"owner-{number}-{which}").user.id for which in "ab"]
            leave = (
                [partial(directory.remove_member, home, owner, audit()) for owner in owners]
                if is_removed
                else [partial(directory.change_member, home, owner, "member", audit()) for owner in owners]
            )
            assert at_once(*leave) == [200, 409]
            assert [member.role for member in directory.members(home)].count("owner") == 1


def _in_team_and_session(directory: Directory, organisation: int, member: Member) -> int:
    """Put somebody into a new team of the organisation and log them in there; the team."""
    team = directory.add_team(organisation, "core", "Core", audit()).id
    directory.set_team_member(team, member.user.id, True, audit())
    session = Session(0, member.user.id, organisation, NOON, NOON, NOON + 9, "192.0.2.1", "Browser")
    directory.add_session(session, str(organisation).encode(), audit())
    return team
