"""The directory's memberships: which users have a place in which organisations."""

from typing import Any, get_args

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from amber.errors import Reject
from amber.model import AuditEntry, Member, Role, User
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.entries import Part, add_row, hold, need, read
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import memberships, organisations, sessions, team_members, teams, users
from amber_storage.sql.sessions import end_sessions


class Members(Part):
    """The part of the directory that tells who belongs where.

    Whoever changes an organisation's members holds the organisation, so that what is read about them stays true.
    """

    def add_member(self, organisation: int, user: int, role: Role, audit: AuditEntry) -> Member:
        """Give a user a place in an organisation. Raises `Reject(409)` if they have one."""
        with self._database.writing() as connection:
            hold(connection, organisations, organisation, "organisation")
            known = read(need(connection, users, user, "user"), User)
            made = make_member(connection, Member(known, organisation, role, audit.at))
            write_audit(connection, audit, f"user:{user}", after={"role": role})
        return made

    def members(self, organisation: int) -> tuple[Member, ...]:
        """Everybody in the organisation, by the user's id."""
        with self._database.reading() as connection:
            found = _members().where(memberships.c.organisation == organisation).order_by(users.c.id)
            return tuple(_member(row) for row in connection.execute(found))

    def memberships(self, user: int) -> tuple[Member, ...]:
        """A user's places, by organisation."""
        with self._database.reading() as connection:
            found = _members().where(memberships.c.user == user).order_by(memberships.c.organisation)
            return tuple(_member(row) for row in connection.execute(found))

    def change_member(self, organisation: int, user: int, role: Role, audit: AuditEntry) -> Member:
        """Change a role. Raises `Reject(409)` where it would leave the organisation without an owner."""
        with self._database.writing() as connection:
            hold(connection, organisations, organisation, "organisation")
            before = need_member(connection, organisation, user)
            if role == before.role:
                return before
            _keep_an_owner(connection, before)
            connection.execute(update(memberships).where(_place(organisation, user)).values(role=check_role(role)))
            write_audit(connection, audit, f"user:{user}", {"role": before.role}, {"role": role})
            _tell(connection, before, audit.at)
            return need_member(connection, organisation, user)

    def remove_member(self, organisation: int, user: int, audit: AuditEntry) -> None:
        """Take a place away, with the user's sessions and teams there; the last owner cannot go (`Reject(409)`)."""
        with self._database.writing() as connection:
            hold(connection, organisations, organisation, "organisation")
            before = need_member(connection, organisation, user)
            _keep_an_owner(connection, before)
            left = {"role": before.role, "teams": _leave_teams(connection, organisation, user)}
            connection.execute(delete(memberships).where(_place(organisation, user)))
            end_sessions(connection, (sessions.c.user == user) & (sessions.c.organisation == organisation), audit.at)
            write_audit(connection, audit, f"user:{user}", before=left)
            _tell(connection, before, audit.at)


def check_role(role: Role) -> Role:
    """The role, if it is one: Reject otherwise."""
    if role not in get_args(Role):
        raise Reject(f"role: {role!r} is not one of {', '.join(get_args(Role))}")
    return role


def make_member(connection: Connection, member: Member) -> Member:
    """Give the user the place; the caller notes it. The organisation must be held. Raises Reject(409) if they have one
    there.
    """
    values = {
        "organisation": member.organisation,
        "user": member.user.id,
        "role": check_role(member.role),
        "joined_at": member.joined_at,
    }
    add_row(connection, memberships, values, f"the place of user {member.user.id}")
    _tell(connection, member, member.joined_at)
    return member


def need_member(connection: Connection, organisation: int, user: int) -> Member:
    """A user's place. Raises Reject(404) where they have none."""
    row = connection.execute(_members().where(_place(organisation, user))).one_or_none()
    if row is None:
        raise Reject(f"user {user} has no place in organisation {organisation}", status=404)
    return _member(row)


def _keep_an_owner(connection: Connection, leaving: Member) -> None:
    owners = select(func.count()).select_from(memberships)
    mine = owners.filter_by(organisation=leaving.organisation, role="owner")
    if leaving.role == "owner" and connection.execute(mine).scalar_one() < 2:
        raise Reject("the last owner of an organisation cannot go", status=409)


def _leave_teams(connection: Connection, organisation: int, user: int) -> list[str]:
    here = select(teams.c.id).where(teams.c.organisation == organisation)
    mine = (team_members.c.user == user) & team_members.c.team.in_(here)
    left = connection.execute(delete(team_members).where(mine).returning(team_members.c.team))
    return [f"team:{team}" for team in sorted(left.scalars())]


def _place(organisation: int, user: int) -> Any:
    return (memberships.c.organisation == organisation) & (memberships.c.user == user)


def _members() -> Select[Any]:
    place = memberships.c.organisation, memberships.c.role, memberships.c.joined_at
    return select(*fields(users, User), *place).join(memberships, memberships.c.user == users.c.id)


def _member(row: Row[Any]) -> Member:
    return Member(read(row, User), row.organisation, row.role, row.joined_at)


def _tell(connection: Connection, member: Member, at: float) -> None:
    data = {"organisation_id": str(member.organisation), "user_id": str(member.user.id)}
    add_facts(connection, [new_fact("member.changed", 0, at, data)])
