"""The part of the directory that tells who there is."""

from collections.abc import Mapping
from typing import Protocol

from amber.model.issues import Page
from amber.model.people import AuditEntry, Invitation, Member, Role, Session, Team, User


class People(Protocol):
    """Users, their places in organisations and teams, their sessions, and the log of what they changed."""

    def add_user(self, user: User, audit: AuditEntry) -> User:
        """Make a user; the id given is ignored, the one made is answered."""

    def user(self, user: int) -> User | None:
        """One user by id."""

    def user_by_email(self, email: str) -> User | None:
        """One user by e-mail, case does not matter."""

    def change_user(self, user: int, changes: Mapping[str, object], audit: AuditEntry) -> User:
        """Change `name`, `email`, `password_hash` or `is_superuser`; the audit log never holds the hash.

        A changed password ends every session of the user.
        """

    def add_member(self, organisation: int, user: int, role: Role, audit: AuditEntry) -> Member:
        """Give a user a place in an organisation. Raises `Reject(409)` if they have one."""

    def members(self, organisation: int) -> tuple[Member, ...]:
        """Everybody in the organisation, by the user's id."""

    def memberships(self, user: int) -> tuple[Member, ...]:
        """A user's places, by organisation."""

    def change_member(self, organisation: int, user: int, role: Role, audit: AuditEntry) -> Member:
        """Change a role. Raises `Reject(409)` where it would leave the organisation without an owner."""

    def remove_member(self, organisation: int, user: int, audit: AuditEntry) -> None:
        """Take a place away, with the user's sessions and teams there; the last owner cannot go (`Reject(409)`)."""

    def add_invitation(self, invitation: Invitation, digest: bytes, audit: AuditEntry) -> Invitation:
        """Keep an invitation under the digest of its secret; an older one for the same address there is replaced.

        Raises `Reject(409)` where somebody with this address is a member already.
        """

    def invitations(self, organisation: int) -> tuple[Invitation, ...]:
        """The organisation's open invitations, expired ones too, by id."""

    def invitation(self, digest: bytes) -> Invitation | None:
        """The invitation whose secret has this digest, expired or not."""

    def accept_invitation(self, digest: bytes, user: User, audit: AuditEntry) -> Member:
        """Use an invitation up, in one transaction: make the user (or take the one with `user.email`, left as they
        are) and give them the place. Raises `Reject(404)` where the invitation is gone or expired at `audit.at`.
        """

    def withdraw_invitation(self, invitation: int, audit: AuditEntry) -> None:
        """Make an invitation worthless."""

    def add_team(self, organisation: int, slug: str, name: str, audit: AuditEntry) -> Team:
        """Make a team."""

    def teams(self, organisation: int) -> tuple[Team, ...]:
        """The organisation's teams, by id."""

    def change_team(self, team: int, name: str, audit: AuditEntry) -> Team:
        """Rename a team; its slug stays."""

    def remove_team(self, team: int, audit: AuditEntry) -> None:
        """Take a team away; its tokens are revoked with it."""

    def team_members(self, team: int) -> tuple[User, ...]:
        """The people of a team, by id."""

    def set_team_member(self, team: int, user: int, is_member: bool, audit: AuditEntry) -> None:
        """Put a member of the organisation into a team, or take them out; repeating it changes nothing."""

    def team_projects(self, team: int) -> tuple[int, ...]:
        """The ids of the projects a team looks after."""

    def set_team_project(self, team: int, project: int, is_linked: bool, audit: AuditEntry) -> None:
        """Give a team a project of its organisation, or take it away; repeating it changes nothing."""

    def add_session(self, session: Session, digest: bytes, audit: AuditEntry) -> Session:
        """Keep a session under the digest of its secret; the id given is ignored."""

    def session(self, digest: bytes) -> Session | None:
        """The session whose secret has this digest, expired or not."""

    def sessions(self, user: int) -> tuple[Session, ...]:
        """A user's sessions, the last used first."""

    def touch_session(self, session: int, at: float, expires_at: float) -> None:
        """Note when a session was last used and how long it goes on; no audit entry."""

    def move_session(self, session: int, organisation: int) -> None:
        """Let a session act for another organisation of its user. Raises `Reject(404)` if they are no member there."""

    def end_session(self, session: int, audit: AuditEntry) -> None:
        """Make a session worthless from now on; one that is gone already is no error."""

    def note_change(self, audit: AuditEntry) -> None:
        """Add to the audit log what was changed elsewhere than in the directory."""

    def audit_log(self, organisation: int, cursor: str = "", limit: int = 50, subject: str = "") -> Page[AuditEntry]:
        """What was changed, newest first; of one subject where it is named."""
