"""`/teams/{team}/members` and `/teams/{team}/projects`: who is in a team, and what it looks after."""

from litestar import delete, put

from amber_api.v1.paths import ProjectPath, TeamPath, UserPath
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller


@put(
    "/teams/{team:str}/members/{user:str}",
    action="org:admin",
    tags=["teams"],
    responses=PROBLEMS,
    status_code=204,
    sync_to_thread=True,
)
def add_team_member(tenant: Caller, team: TeamPath, user: UserPath) -> None:
    """Put a member of the organisation into a team."""
    _set_member(tenant, team, user, True)


@delete(
    "/teams/{team:str}/members/{user:str}",
    action="org:admin",
    tags=["teams"],
    responses=PROBLEMS,
    status_code=204,
    sync_to_thread=True,
)
def remove_team_member(tenant: Caller, team: TeamPath, user: UserPath) -> None:
    """Take somebody out of a team."""
    _set_member(tenant, team, user, False)


@put(
    "/teams/{team:str}/projects/{project:str}",
    action="org:admin",
    tags=["teams"],
    responses=PROBLEMS,
    status_code=204,
    sync_to_thread=True,
)
def add_team_project(tenant: Caller, team: TeamPath, project: ProjectPath) -> None:
    """Give a team a project to look after; its tokens reach it from now on."""
    _set_project(tenant, team, project, True)


@delete(
    "/teams/{team:str}/projects/{project:str}",
    action="org:admin",
    tags=["teams"],
    responses=PROBLEMS,
    status_code=204,
    sync_to_thread=True,
)
def remove_team_project(tenant: Caller, team: TeamPath, project: ProjectPath) -> None:
    """Take a project away from a team; its tokens reach it no more."""
    _set_project(tenant, team, project, False)


def _set_member(tenant: Caller, team: str, user: str, is_member: bool) -> None:
    known, person = tenant.team(team), tenant.member(user).user
    audit = tenant.audit(f"team.member.{_verb(is_member)}", known.slug, {"user": person.email})
    tenant.directory.set_team_member(known.id, person.id, is_member, audit)


def _set_project(tenant: Caller, team: str, project: str, is_linked: bool) -> None:
    known, linked = tenant.team(team), tenant.project(project)
    audit = tenant.audit(f"team.project.{_verb(is_linked)}", known.slug, {"project": linked.slug})
    tenant.directory.set_team_project(known.id, linked.id, is_linked, audit)


def _verb(is_there: bool) -> str:
    return "add" if is_there else "remove"


HANDLERS = (add_team_member, remove_team_member, add_team_project, remove_team_project)
