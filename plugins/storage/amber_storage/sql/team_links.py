"""Who is in the directory's teams, and which projects these look after."""

from collections.abc import Mapping

from sqlalchemy import Connection, Table, delete, select

from amber.model import AuditEntry, User
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.entries import Part, need_in
from amber_storage.sql.members import need_member
from amber_storage.sql.schema import projects, team_members, team_projects, users
from amber_storage.sql.teams import hold_team
from amber_storage.sql.tokens import team_tokens, tell_of_tokens
from amber_storage.sql.transactions import insert_new


class TeamLinks(Part):
    """The part of the directory that tells what makes a team."""

    def team_members(self, team: int) -> tuple[User, ...]:
        """The people of a team, by id."""
        found = select(*fields(users, User)).join(team_members, team_members.c.user == users.c.id)
        with self._database.reading() as connection:
            mine = found.where(team_members.c.team == team).order_by(users.c.id)
            return tuple(User(*row) for row in connection.execute(mine))

    def set_team_member(self, team: int, user: int, is_member: bool, audit: AuditEntry) -> None:
        """Put a member of the organisation into a team, or take them out; repeating it changes nothing."""
        with self._database.writing() as connection:
            need_member(connection, hold_team(connection, team).organisation, user)
            if _set(connection, team_members, {"team": team, "user": user}, is_member):
                _note(connection, team, {"member": f"user:{user}"}, is_member, audit)

    def team_projects(self, team: int) -> tuple[int, ...]:
        """The ids of the projects a team looks after."""
        found = select(team_projects.c.project).filter_by(team=team).order_by(team_projects.c.project)
        with self._database.reading() as connection:
            return tuple(connection.execute(found).scalars())

    def set_team_project(self, team: int, project: int, is_linked: bool, audit: AuditEntry) -> None:
        """Give a team a project of its organisation, or take it away; repeating it changes nothing."""
        with self._database.writing() as connection:
            need_in(connection, hold_team(connection, team).organisation, projects, project, "project")
            if _set(connection, team_projects, {"team": team, "project": project}, is_linked):
                _note(connection, team, {"project": f"project:{project}"}, is_linked, audit)
                tell_of_tokens(connection, team_tokens(connection, team), audit.at)  # they reach other projects now


def _set(connection: Connection, table: Table, link: Mapping[str, int], is_there: bool) -> bool:
    """Make the link or take it away; whether that changed anything."""
    if is_there:
        statement = insert_new(connection, table).values(**link).returning(table.c.team)
        return connection.execute(statement).one_or_none() is not None
    gone = delete(table).filter_by(**link).returning(table.c.team)
    return connection.execute(gone).one_or_none() is not None


def _note(connection: Connection, team: int, link: Mapping[str, str], is_there: bool, audit: AuditEntry) -> None:
    before, after = ({}, link) if is_there else (link, {})
    write_audit(connection, audit, f"team:{team}", before, after)
