"""The directory's teams."""

from typing import Any

from sqlalchemy import Connection, delete, select

from amber.model import AuditEntry, Team
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, change_row, check_slug, hold, need, read, read_all
from amber_storage.sql.fields import differences, told
from amber_storage.sql.schema import organisations, team_members, team_projects, teams
from amber_storage.sql.tokens import revoke, team_tokens


class Teams(Part):
    """The part of the directory that tells which teams there are."""

    def add_team(self, organisation: int, slug: str, name: str, audit: AuditEntry) -> Team:
        """Make a team."""
        values = {"organisation": organisation, "slug": check_slug(slug), "name": name, "created_at": audit.at}
        with self._database.writing() as connection:
            need(connection, organisations, organisation, "organisation")
            made = read(add_row(connection, teams, values, f"slug: {slug!r}"), Team)
            write_audit(connection, audit, f"team:{made.id}", after=told(made, "slug name"))
        return made

    def teams(self, organisation: int) -> tuple[Team, ...]:
        """The organisation's teams, by id."""
        with self._database.reading() as connection:
            return read_all(connection, teams, Team, organisation=organisation)

    def change_team(self, team: int, name: str, audit: AuditEntry) -> Team:
        """Rename a team; its slug stays."""
        with self._database.writing() as connection:
            row = hold_team(connection, team)
            before, after = differences(row._mapping, {"name": name})
            if after:
                row = change_row(connection, teams, team, after)
                write_audit(connection, audit, f"team:{team}", before, after)
        return read(row, Team)

    def remove_team(self, team: int, audit: AuditEntry) -> None:
        """Take a team away; its tokens are revoked with it."""
        with self._database.writing() as connection:
            gone = read(hold_team(connection, team), Team)
            before = told(gone, "slug name") | _links(connection, team)
            revoke(connection, team_tokens(connection, team), audit)
            for table in (team_members, team_projects):
                connection.execute(delete(table).where(table.c.team == team))
            connection.execute(delete(teams).where(teams.c.id == team))
            write_audit(connection, audit, f"team:{team}", before)


def hold_team(connection: Connection, team: int) -> Any:
    """The team's row, its organisation held. Raises Reject(404) where there is none."""
    hold(connection, organisations, need(connection, teams, team, "team").organisation, "organisation")
    return need(connection, teams, team, "team")  # again, because it may have gone while this waited


def _links(connection: Connection, team: int) -> dict[str, list[str]]:
    people = select(team_members.c.user).filter_by(team=team).order_by(team_members.c.user)
    linked = select(team_projects.c.project).filter_by(team=team).order_by(team_projects.c.project)
    return {
        "members": [f"user:{user}" for user in connection.execute(people).scalars()],
        "projects": [f"project:{project}" for project in connection.execute(linked).scalars()],
    }
