"""What every directory promises about invitations."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Directory, Invitation, IssueStore, Member, User
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import NOON, audit, facts_of, new_user

CID = User(0, "cid@example.org", "Cid", "hash", NOON)


class InvitationContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    @pytest.fixture
    def invitation(self, directory: Directory, acme: int, ann: Member) -> Invitation:
        """For Cid, with the digest `d`."""
        return directory.add_invitation(_for("cid@example.org", acme), b"d", audit())

    def test_an_invitation_is_found_by_its_digest_alone(
        self, directory: Directory, acme: int, other: int, invitation: Invitation
    ) -> None:
        assert invitation == structs.replace(_for("cid@example.org", acme), id=1)
        assert directory.invitation(b"d") == invitation
        assert directory.invitation(b"") is None
        assert directory.invitations(acme) == (invitation,)
        assert directory.invitations(other) == ()

    def test_a_second_one_for_an_address_replaces_the_first(
        self, directory: Directory, acme: int, other: int, invitation: Invitation
    ) -> None:
        elsewhere = directory.add_invitation(_for("cid@example.org", other), b"elsewhere", audit())
        again = directory.add_invitation(_for(" CID@Example.org", acme), b"again", audit())
        assert again.id != invitation.id
        assert directory.invitations(acme) == (again,)
        assert directory.invitation(b"d") is None
        assert directory.invitation(b"elsewhere") == elsewhere

    def test_members_are_not_invited(self, directory: Directory, acme: int, other: int, ann: Member) -> None:
        wanted = _for("ANN@example.org", acme)
        assert refusal(lambda: directory.add_invitation(wanted, b"d", audit())).status == 409
        assert directory.invitations(acme) == ()
        assert (
            directory.add_invitation(structs.replace(wanted, organisation=other), b"d", audit()).email == wanted.email
        )

    def test_who_accepts_becomes_a_user_with_the_place(
        self, directory: Directory, issue_store: IssueStore, acme: int, ann: Member, invitation: Invitation
    ) -> None:
        member = directory.accept_invitation(b"d", CID, structs.replace(audit(), at=NOON + 5))
        assert member == Member(structs.replace(CID, id=member.user.id), acme, "admin", NOON + 5)
        assert directory.user_by_email(CID.email) == member.user
        assert directory.members(acme) == (ann, member)
        assert directory.invitations(acme) == ()
        told = facts_of(issue_store, 0, "member.changed")[-1]
        assert told.data == {"organisation_id": str(acme), "user_id": str(member.user.id)}

    def test_a_user_who_accepts_is_left_as_they_are(
        self, directory: Directory, acme: int, invitation: Invitation
    ) -> None:
        known = new_user(directory, "cid")
        given = User(0, "CID@example.org", "Somebody else", "another hash", NOON, is_superuser=True)
        assert directory.accept_invitation(b"d", given, audit()).user == known
        assert directory.user(known.id) == known

    def test_an_invitation_works_once(self, directory: Directory, acme: int, invitation: Invitation) -> None:
        directory.accept_invitation(b"d", CID, audit())
        again = structs.replace(CID, email="dan@example.org")
        assert refusal(lambda: directory.accept_invitation(b"d", again, audit())).status == 404
        assert directory.user_by_email("dan@example.org") is None
        assert len(directory.members(acme)) == 2

    def test_an_invitation_works_until_it_expires(
        self, directory: Directory, acme: int, invitation: Invitation
    ) -> None:
        late = structs.replace(audit(), at=invitation.expires_at)
        assert refusal(lambda: directory.accept_invitation(b"d", CID, late)).status == 404
        assert directory.invitation(b"d") == invitation
        assert directory.user_by_email(CID.email) is None
        in_time = structs.replace(audit(), at=invitation.expires_at - 0.5)
        assert directory.accept_invitation(b"d", CID, in_time).role == "admin"

    def test_a_member_cannot_use_somebody_else_s_invitation_up(
        self, directory: Directory, acme: int, ann: Member, invitation: Invitation
    ) -> None:
        assert refusal(lambda: directory.accept_invitation(b"d", ann.user, audit())).status == 409
        assert directory.invitation(b"d") == invitation
        assert directory.members(acme) == (ann,)

    def test_a_withdrawn_invitation_is_worthless(self, directory: Directory, acme: int, invitation: Invitation) -> None:
        directory.withdraw_invitation(invitation.id, audit())
        assert directory.invitations(acme) == ()
        assert refusal(lambda: directory.accept_invitation(b"d", CID, audit())).status == 404
        assert refusal(lambda: directory.withdraw_invitation(invitation.id, audit())).status == 404

    def test_what_cannot_be_is_refused(self, directory: Directory, acme: int, invitation: Invitation) -> None:
        emperor = structs.replace(_for("x@example.org", acme), role="emperor")
        assert refusal(lambda: directory.add_invitation(emperor, b"x", audit())).status == 400
        nowhere = _for("x@example.org", 999)
        assert refusal(lambda: directory.add_invitation(nowhere, b"x", audit())).status == 404
        twin = _for("x@example.org", acme)
        assert refusal(lambda: directory.add_invitation(twin, b"d", audit())).status == 409

    # --- threads ------------------------------------------------------------------------------------------------------

    def test_of_threads_that_accept_one_invitation_one_succeeds(
        self, directory: Directory, acme: int, invitation: Invitation
    ) -> None:
        people = [structs.replace(CID, email=f"cid+{number}@example.org") for number in range(4)]
        accept = [partial(directory.accept_invitation, b"d", person, audit()) for person in people]
        assert at_once(*accept) == [200, 404, 404, 404]
        assert len(directory.members(acme)) == 2
        assert sum(directory.user_by_email(person.email) is not None for person in people) == 1

    def test_who_accepts_two_invitations_at_once_becomes_one_user(
        self, directory: Directory, acme: int, other: int, invitation: Invitation
    ) -> None:
        directory.add_invitation(_for("cid@example.org", other), b"other", audit())
        accept = [partial(directory.accept_invitation, digest, CID, audit()) for digest in (b"d", b"other")]
        assert at_once(*accept) == [200, 200]
        known = directory.user_by_email(CID.email)
        assert known is not None
        assert [member.organisation for member in directory.memberships(known.id)] == [acme, other]


def _for(email: str, organisation: int) -> Invitation:
    return Invitation(0, organisation, email, "admin", "user:1", NOON, NOON + 1000)
