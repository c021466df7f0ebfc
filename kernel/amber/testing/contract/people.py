"""What every directory promises about users."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Directory, IssueStore, Member, Session, User
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import HOSTILE_TEXTS, NOON, audit, facts_of, new_user

USER = User(0, "Ann.Lee@example.org", "Ann", "hash", NOON)


class PeopleContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    def test_a_user_is_found_by_id_and_by_email_whatever_its_case(self, directory: Directory) -> None:
        made = directory.add_user(structs.replace(USER, id=77), audit())
        assert made == structs.replace(USER, id=1)
        assert directory.user(1) == directory.user_by_email("ANN.LEE@example.ORG") == made
        assert directory.user(77) is None
        assert directory.user_by_email("nobody@example.org") is None

    def test_an_address_belongs_to_one_user(self, directory: Directory) -> None:
        directory.add_user(USER, audit())
        bob = new_user(directory, "bob")
        again = " ann.lee@EXAMPLE.org"
        assert refusal(lambda: directory.add_user(structs.replace(USER, email=again), audit())).status == 409
        assert refusal(lambda: directory.change_user(bob.id, {"email": again}, audit())).status == 409
        assert directory.user(bob.id) == bob

    def test_of_threads_that_want_one_address_one_gets_it(self, directory: Directory) -> None:
        assert at_once(*[partial(directory.add_user, USER, audit())] * 4) == [200, 409, 409, 409]

    def test_a_user_is_changed_field_by_field(self, directory: Directory) -> None:
        made, bob = directory.add_user(USER, audit()), new_user(directory, "bob")
        changed = directory.change_user(made.id, {"name": "Ann Lee", "is_superuser": True}, audit())
        assert changed == structs.replace(made, name="Ann Lee", is_superuser=True)
        new = {"email": "lee@example.org", "password_hash": "other"}
        assert directory.change_user(made.id, new, audit()) == structs.replace(changed, **new)
        changed = structs.replace(changed, **new)
        assert directory.user(made.id) == directory.user_by_email("LEE@example.org") == changed
        assert directory.user_by_email(USER.email) is None
        assert directory.change_user(made.id, {}, audit()) == changed
        assert directory.user(bob.id) == bob

    @pytest.mark.parametrize("changes", [{"id": 5}, {"created_at": 1.0}, {"email": 5}, {"is_superuser": 1}])
    def test_a_change_no_user_can_have_is_rejected(self, directory: Directory, changes: dict[str, object]) -> None:
        made = directory.add_user(USER, audit())
        refused = refusal(lambda: directory.change_user(made.id, {"name": "New", **changes}, audit()))
        assert refused.status == 400
        assert next(iter(changes)) in refused.detail
        assert directory.user(made.id) == made

    def test_a_user_who_does_not_exist_cannot_be_changed(self, directory: Directory) -> None:
        assert refusal(lambda: directory.change_user(999, {"name": "X"}, audit())).status == 404

    def test_a_changed_password_ends_every_session(
        self, directory: Directory, issue_store: IssueStore, ann: Member, bob: Member
    ) -> None:
        sessions = [
            directory.add_session(_session(member), str(number).encode(), audit())
            for number, member in enumerate((ann, ann, bob))
        ]
        directory.change_user(ann.user.id, {"name": "X", "is_superuser": True}, audit())
        assert len(directory.sessions(ann.user.id)) == 2
        directory.change_user(ann.user.id, {"password_hash": "new"}, audit())
        assert directory.sessions(ann.user.id) == ()
        assert directory.session(b"0") is directory.session(b"1") is None
        assert directory.sessions(bob.user.id) == (sessions[2],)
        told = [fact.data for fact in facts_of(issue_store, 0, "session.changed")]
        assert told == [{"session_id": str(each.id), "user_id": str(ann.user.id)} for each in sessions[:2]]

    def test_processes_hear_in_each_of_their_organisations_that_somebody_changed(
        self, directory: Directory, issue_store: IssueStore, ann: Member, other: int
    ) -> None:
        directory.add_member(other, ann.user.id, "member", audit())
        before = len(facts_of(issue_store, 0, "member.changed"))
        directory.change_user(ann.user.id, {"is_superuser": True}, audit())
        told = [fact.data for fact in facts_of(issue_store, 0, "member.changed")[before:]]
        places = (ann.organisation, other)
        assert told == [{"organisation_id": str(place), "user_id": str(ann.user.id)} for place in places]

    def test_any_text_is_kept_as_it_is(self, directory: Directory) -> None:
        for number, text in enumerate(HOSTILE_TEXTS):
            made = directory.add_user(User(0, f"{number} {text[:300]}", text, text, NOON), audit())
            assert directory.user(made.id) == directory.user_by_email(made.email) == made
            assert made.name == made.password_hash == text


def _session(member: Member) -> Session:
    return Session(0, member.user.id, member.organisation, NOON, NOON, NOON + 9, "192.0.2.1", "Browser")
