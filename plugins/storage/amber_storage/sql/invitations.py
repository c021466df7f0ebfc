"""The directory's invitations."""

from typing import Any

from msgspec import structs
from sqlalchemy import Connection, delete, select

from amber.errors import Reject
from amber.model import AuditEntry, Invitation, Member, User
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, hold, read, read_all
from amber_storage.sql.fields import told
from amber_storage.sql.members import check_role, make_member
from amber_storage.sql.schema import invitations, memberships, organisations, users
from amber_storage.sql.users import find_or_make_user, folded

TOLD = "email role invited_by expires_at"


class Invitations(Part):
    """The part of the directory that tells for whom a place is kept."""

    def add_invitation(self, invitation: Invitation, digest: bytes, audit: AuditEntry) -> Invitation:
        """Keep an invitation under the digest of its secret; an older one for the same address there is replaced."""
        address = folded(invitation.email)
        values = {**structs.asdict(invitation), "email_folded": address, "digest": digest}
        del values["id"]
        check_role(invitation.role)
        with self._database.writing() as connection:
            hold(connection, organisations, invitation.organisation, "organisation")
            _refuse_members(connection, invitation.organisation, address)
            mine = (invitations.c.organisation == invitation.organisation) & (invitations.c.email_folded == address)
            _withdraw(connection, mine, audit)
            made = read(add_row(connection, invitations, values, "invitation"), Invitation)
            write_audit(connection, audit, f"invitation:{made.id}", after=told(made, TOLD))
        return made

    def invitations(self, organisation: int) -> tuple[Invitation, ...]:
        """The organisation's open invitations, expired ones too, by id."""
        with self._database.reading() as connection:
            return read_all(connection, invitations, Invitation, organisation=organisation)

    def invitation(self, digest: bytes) -> Invitation | None:
        """The invitation whose secret has this digest, expired or not."""
        with self._database.reading() as connection:
            row = connection.execute(select(invitations).filter_by(digest=digest)).one_or_none()
        return read(row, Invitation) if row else None

    def accept_invitation(self, digest: bytes, user: User, audit: AuditEntry) -> Member:
        """Use an invitation up, in one transaction: make the user, or take the one with this address, and the place."""
        with self._database.writing() as connection:
            used = _use_up(connection, digest, audit.at)
            person = find_or_make_user(connection, user)
            member = make_member(connection, Member(person, used.organisation, used.role, audit.at))
            after = {**told(person, "email name is_superuser"), "role": used.role, "invitation": used.id}
            write_audit(connection, audit, f"user:{person.id}", after=after)
        return member

    def withdraw_invitation(self, invitation: int, audit: AuditEntry) -> None:
        """Make an invitation worthless."""
        with self._database.writing() as connection:
            if not _withdraw(connection, invitations.c.id == invitation, audit):
                raise Reject(f"invitation {invitation} does not exist", status=404)


def _refuse_members(connection: Connection, organisation: int, address: str) -> None:
    joined = select(users.c.id).join(memberships, memberships.c.user == users.c.id)
    member = joined.where(memberships.c.organisation == organisation, users.c.email_folded == address)
    if connection.execute(member).one_or_none():
        raise Reject(f"email: {address!r} is a member already", status=409)


def _withdraw(connection: Connection, condition: Any, audit: AuditEntry) -> bool:
    """Take away the invitations that meet the condition; whether there was one."""
    gone = connection.execute(delete(invitations).where(condition).returning(invitations)).all()
    for row in gone:
        write_audit(connection, audit, f"invitation:{row.id}", before=told(read(row, Invitation), TOLD))
    return bool(gone)


def _use_up(connection: Connection, digest: bytes, at: float) -> Invitation:
    """Take the invitation away for good and hold its organisation. Raises Reject(404) where it is gone or expired."""
    known = connection.execute(select(invitations.c.organisation).filter_by(digest=digest)).scalar_one_or_none()
    if known is not None:
        hold(connection, organisations, known, "organisation")
    # Of two that are here at once, this deletes it for one; nothing is deleted for the other.
    used = delete(invitations).where(invitations.c.digest == digest, invitations.c.expires_at > at)
    row = connection.execute(used.returning(invitations)).one_or_none()
    if row is None:
        raise Reject("the invitation is gone or has expired", status=404)
    return read(row, Invitation)
