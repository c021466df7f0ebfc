"""What every directory promises about sessions."""

from functools import partial

from msgspec import structs

from amber.model import Directory, IssueStore, Member, Session
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import HOSTILE_TEXTS, NOON, audit, facts_of


class SessionContract(Tenants):
    """Fixtures: `directory`, an empty one, and `issue_store`, whose outbox its facts go to."""

    def test_a_session_is_found_by_its_digest_alone(self, directory: Directory, ann: Member) -> None:
        made = directory.add_session(structs.replace(_session(ann), id=77), b"\x00d", audit())
        assert made == structs.replace(_session(ann), id=1)
        assert directory.session(b"\x00d") == made
        assert directory.session(b"") is None
        assert directory.session(b"\x00") is None

    def test_a_user_s_sessions_are_listed_the_last_used_first(
        self, directory: Directory, ann: Member, bob: Member
    ) -> None:
        first, second, third = (directory.add_session(_session(ann), b"%d" % n, audit()) for n in range(3))
        directory.add_session(_session(bob), b"bob", audit())
        directory.touch_session(second.id, NOON + 5, NOON + 50)
        used = structs.replace(second, last_used_at=NOON + 5, expires_at=NOON + 50)
        assert directory.sessions(ann.user.id) == (used, third, first)
        assert directory.sessions(999) == ()

    def test_a_session_remembers_its_last_use(self, directory: Directory, acme: int, ann: Member) -> None:
        made = directory.add_session(_session(ann), b"d", audit())
        entries = directory.audit_log(acme).items
        for at in (NOON + 5, NOON + 3):  # two processes may tell of their uses in any order
            directory.touch_session(made.id, at, at + 100)
        assert directory.session(b"d") == structs.replace(made, last_used_at=NOON + 5, expires_at=NOON + 105)
        assert directory.audit_log(acme).items == entries

    def test_a_session_moves_where_its_user_is_a_member(
        self, directory: Directory, issue_store: IssueStore, other: int, ann: Member, bob: Member
    ) -> None:
        directory.add_member(other, ann.user.id, "member", audit())
        anns, bobs = (
            directory.add_session(_session(one), digest, audit()) for one, digest in ((ann, b"a"), (bob, b"b"))
        )
        directory.move_session(anns.id, other)
        directory.move_session(anns.id, other)
        assert directory.session(b"a") == structs.replace(anns, organisation=other)
        assert refusal(lambda: directory.move_session(bobs.id, other)).status == 404
        assert directory.session(b"b") == bobs
        (told,) = facts_of(issue_store, 0, "session.changed")
        assert told.data == {"session_id": str(anns.id), "user_id": str(ann.user.id)}

    def test_an_ended_session_is_worthless_and_may_be_ended_again(
        self, directory: Directory, issue_store: IssueStore, acme: int, ann: Member
    ) -> None:
        made = directory.add_session(_session(ann), b"d", audit())
        kept = directory.add_session(_session(ann), b"kept", audit())
        for _ in range(2):
            directory.end_session(made.id, audit("ended", acme))
        assert directory.session(b"d") is None
        assert directory.sessions(ann.user.id) == (kept,)
        assert [entry.action for entry in directory.audit_log(acme).items].count("ended") == 1
        (told,) = facts_of(issue_store, 0, "session.changed")
        assert told.data == {"session_id": str(made.id), "user_id": str(ann.user.id)}

    def test_what_does_not_exist_cannot_be_changed(self, directory: Directory, acme: int, ann: Member) -> None:
        for change in (
            lambda: directory.add_session(structs.replace(_session(ann), user=999), b"x", audit()),
            lambda: directory.add_session(structs.replace(_session(ann), organisation=999), b"x", audit()),
            lambda: directory.touch_session(999, NOON, NOON),
            lambda: directory.move_session(999, acme),
        ):
            assert refusal(change).status == 404

    def test_who_is_removed_while_a_session_moves_there_keeps_none(
        self, directory: Directory, acme: int, other: int, ann: Member, bob: Member
    ) -> None:
        for number in range(5):
            directory.add_member(other, bob.user.id, "member", audit())
            session = directory.add_session(_session(bob), b"%d" % number, audit())
            at_once(
                partial(directory.move_session, session.id, other),
                partial(directory.remove_member, other, bob.user.id, audit()),
            )
            assert {each.organisation for each in directory.sessions(bob.user.id)} <= {acme}

    def test_any_text_is_kept_as_it_is(self, directory: Directory, ann: Member) -> None:
        for text in HOSTILE_TEXTS:
            wanted = structs.replace(_session(ann), user_agent=text, client_ip=text)
            made = directory.add_session(wanted, text.encode()[:300], audit())
            assert directory.session(text.encode()[:300]) == made == structs.replace(wanted, id=made.id)


def _session(member: Member) -> Session:
    return Session(0, member.user.id, member.organisation, NOON, NOON, NOON + 100, "192.0.2.1", "Browser")
