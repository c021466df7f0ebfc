"""What every directory promises about the log of changes."""

from collections.abc import Callable

import pytest
from msgspec import structs

from amber.errors import Reject
from amber.model import AuditEntry, Directory, Invitation, Member, Session, Target, Token
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import NOON, audit, new_project, new_user


class AuditContract(Tenants):
    """Fixture: `directory`, an empty one."""

    def test_an_organisation_s_first_entry_is_its_own(self, directory: Directory) -> None:
        made = directory.add_organisation("acme", "Acme", audit("organisation.made", 999))
        (entry,) = directory.audit_log(made.id).items
        after = {"slug": "acme", "name": "Acme"}
        wanted = audit("organisation.made", made.id)
        assert entry == structs.replace(wanted, subject=f"organisation:{made.id}", before={}, after=after)
        assert directory.audit_log(999).items == ()

    def test_an_entry_says_what_was_there_before(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit(organisation=acme))
        directory.change_project(project.id, {"settings": {"kept": 1, "gone": 2}}, audit(organisation=acme))
        change = {"name": "Store", "platform": "python", "settings": {"kept": 1, "gone": None, "new": [3]}}
        directory.change_project(project.id, change, audit(organisation=acme))
        entry = directory.audit_log(acme).items[0]
        assert entry.before == {"name": "Shop", "settings": {"gone": 2, "new": None}}
        assert entry.after == {"name": "Store", "settings": {"gone": None, "new": [3]}}

    def test_what_projects_are_made_of_is_written_down(self, directory: Directory, acme: int) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit("1", acme)).id
        directory.change_project(project, {"name": "X"}, audit("2", acme))
        key = directory.add_key(project, "second", audit("3", acme)).id
        directory.change_key(key, False, audit("4", acme))
        token = directory.add_token(Token(0, acme, None, "ci", "abcd", ("project:read",), NOON), b"d", audit("5", acme))
        directory.revoke_token(token.id, audit("6", acme))
        directory.change_organisation(acme, "X", audit("7", acme))
        assert _subjects(directory, acme) == {
            "1": f"project:{project}",
            "2": f"project:{project}",
            "3": f"key:{key}",
            "4": f"key:{key}",
            "5": f"token:{token.id}",
            "6": f"token:{token.id}",
            "7": f"organisation:{acme}",
        }

    def test_what_becomes_of_people_is_written_down(self, directory: Directory, acme: int, ann: Member) -> None:
        user = new_user(directory, "bob").id
        directory.change_user(user, {"name": "X"}, audit("1", acme))
        directory.add_member(acme, user, "member", audit("2", acme))
        directory.change_member(acme, user, "admin", audit("3", acme))
        directory.remove_member(acme, user, audit("4", acme))
        invitation = Invitation(0, acme, "c@example.org", "member", "user:1", NOON, NOON + 9)
        invited = directory.add_invitation(invitation, b"d", audit("5", acme)).id
        directory.withdraw_invitation(invited, audit("6", acme))
        session = Session(0, user, acme, NOON, NOON, NOON + 9, "192.0.2.1", "Browser")
        entered = directory.add_session(session, b"d", audit("7", acme)).id
        directory.end_session(entered, audit("8", acme))
        assert _subjects(directory, acme) == {
            **dict.fromkeys("1234", f"user:{user}"),
            **dict.fromkeys("56", f"invitation:{invited}"),
            **dict.fromkeys("78", f"session:{entered}"),
        }

    def test_what_becomes_of_teams_and_targets_is_written_down(
        self, directory: Directory, acme: int, ann: Member
    ) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit("test.done", acme)).id
        team = directory.add_team(acme, "core", "Core", audit("1", acme)).id
        directory.change_team(team, "X", audit("2", acme))
        directory.set_team_member(team, ann.user.id, True, audit("3", acme))
        directory.set_team_project(team, project, True, audit("4", acme))
        directory.remove_team(team, audit("5", acme))
        target = directory.add_target(Target(0, project, "p", "T", {}, (), True, NOON), audit("6", acme)).id
        directory.change_target(target, {"name": "X"}, audit("7", acme))
        directory.remove_target(target, audit("8", acme))
        assert _subjects(directory, acme) == {
            **dict.fromkeys("12345", f"team:{team}"),
            **dict.fromkeys("678", f"target:{target}"),
        }

    def test_a_change_that_changes_nothing_is_not_written_down(
        self, directory: Directory, acme: int, ann: Member
    ) -> None:
        project = directory.add_project(acme, "shop", "Shop", "python", audit(organisation=acme))
        key = directory.keys(project.id)[0].id
        team = directory.add_team(acme, "core", "Core", audit(organisation=acme)).id
        directory.set_team_member(team, ann.user.id, True, audit(organisation=acme))
        target = directory.add_target(Target(0, project.id, "p", "T", {}, (), True, NOON), audit(organisation=acme)).id
        before = directory.audit_log(acme).items
        changes: list[Callable[[AuditEntry], object]] = [
            lambda entry: directory.change_organisation(acme, "Acme", entry),
            lambda entry: directory.change_project(project.id, {"name": "Shop", "settings": {"x": None}}, entry),
            lambda entry: directory.change_key(key, True, entry),
            lambda entry: directory.change_user(ann.user.id, {"name": ann.user.name}, entry),
            lambda entry: directory.change_member(acme, ann.user.id, "owner", entry),
            lambda entry: directory.change_team(team, "Core", entry),
            lambda entry: directory.set_team_member(team, ann.user.id, True, entry),
            lambda entry: directory.set_team_project(team, project.id, False, entry),
            lambda entry: directory.change_target(target, {"kinds": []}, entry),
        ]
        for change in changes:
            change(audit("again", acme))
        assert directory.audit_log(acme).items == before

    def test_what_was_changed_elsewhere_is_written_down_as_it_is_told(self, directory: Directory) -> None:
        entry = audit("plugin.disabled", 7)
        directory.note_change(entry)
        assert directory.audit_log(7).items == (entry,)

    def test_the_log_is_read_page_by_page(self, directory: Directory, acme: int) -> None:
        for number in range(10):
            directory.add_team(acme, f"team-{number}", "Team", audit(str(number), acme))
        page = directory.audit_log(acme, limit=4)
        directory.add_team(acme, "late", "Late", audit("late", acme))
        rest = directory.audit_log(acme, page.next or "", limit=50)
        assert [entry.action for entry in (*page.items, *rest.items)] == [*"9876543210", "test.done"]
        assert rest.next is None
        with pytest.raises(Reject):
            directory.audit_log(acme, "no cursor")

    def test_the_log_of_one_subject_is_read_page_by_page(self, directory: Directory, acme: int, other: int) -> None:
        teams = [directory.add_team(acme, f"team-{n}", "0", audit("made", acme)).id for n in range(2)]
        for name in "123456":
            for team in teams:
                directory.change_team(team, name, audit(name, acme))
        directory.change_team(teams[0], "elsewhere", audit("elsewhere", other))
        subject = f"team:{teams[0]}"
        page = directory.audit_log(acme, limit=3, subject=subject)
        rest = directory.audit_log(acme, page.next or "", subject=subject)
        assert [entry.action for entry in (*page.items, *rest.items)] == [*"654321", "made"]
        assert directory.audit_log(acme, subject="team:999").items == ()

    def test_secrets_are_never_written_down(self, directory: Directory, acme: int) -> None:
        project = new_project(directory).id
        target = Target(0, project, "p", "T", {"url": "SECRET-1"}, (), True, NOON)
        made = directory.add_target(target, audit(organisation=acme)).id
        directory.change_target(made, {"settings": {"url": "SECRET-2", "key": "SECRET-3"}}, audit(organisation=acme))
        directory.remove_target(made, audit(organisation=acme))
        user = new_user(directory)
        directory.change_user(user.id, {"password_hash": "SECRET-4"}, audit(organisation=acme))
        directory.change_user(user.id, {"password_hash": "SECRET-5"}, audit(organisation=acme))
        entries = directory.audit_log(acme).items
        assert "SECRET" not in repr(entries)
        assert set(entries[0].after) == set(entries[0].before) == {"password_hash"}
        assert entries[3].after == {"settings": {"key": "•••", "url": "•••"}}  # the changed fields are named


def _subjects(directory: Directory, organisation: int) -> dict[str, str]:
    """Of each entry a test made by a number, the subject."""
    entries = directory.audit_log(organisation).items
    numbered = [entry for entry in entries if entry.action.isdecimal()]
    subjects = {entry.action: entry.subject for entry in numbered}
    assert len(subjects) == len(numbered)
    return subjects
