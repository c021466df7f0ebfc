"""`/teams`: groups of people, and the projects they look after."""

from litestar import delete, get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from amber.model import Team, free_slug, rfc3339
from amber_api.v1.paths import TeamPath
from amber_api.v1.projects import Name, Slug
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller


class TeamItem(Struct, frozen=True):
    """A team."""

    id: str
    slug: str
    name: str
    created_at: str


class TeamDetail(TeamItem, frozen=True, kw_only=True):
    """A team with the ids of its members and projects."""

    members: list[str]
    projects: list[str]


class NewTeam(Struct, frozen=True, forbid_unknown_fields=True):
    """A team to make."""

    name: Name
    slug: Slug | UnsetType = UNSET


class TeamPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a team."""

    name: Name


@get("/teams", action="project:read", tags=["teams"], responses=PROBLEMS, sync_to_thread=True)
def list_teams(tenant: Caller) -> Listing[TeamItem]:
    """The organisation's teams."""
    return listing(tenant.teams(), _shown)


@post("/teams", action="org:admin", tags=["teams"], responses=PROBLEMS, sync_to_thread=True)
def create_team(tenant: Caller, data: JSONBody[NewTeam]) -> TeamItem:
    """Make a team."""
    slug = data.slug or free_slug(data.name, {one.slug for one in tenant.teams()}, "team")
    audit = tenant.audit("team.create", slug, {"name": data.name})
    return _shown(tenant.directory.add_team(tenant.organisation, slug, data.name, audit))


@get("/teams/{team:str}", action="project:read", tags=["teams"], responses=PROBLEMS, sync_to_thread=True)
def get_team(tenant: Caller, team: TeamPath) -> TeamDetail:
    """One team with who is in it and what it looks after."""
    known = tenant.team(team)
    members = [str(person.id) for person in tenant.directory.team_members(known.id)]
    projects = [str(number) for number in tenant.directory.team_projects(known.id)]
    item = _shown(known)
    return TeamDetail(item.id, item.slug, item.name, item.created_at, members=members, projects=projects)


@patch("/teams/{team:str}", action="org:admin", tags=["teams"], responses=PROBLEMS, sync_to_thread=True)
def change_team(tenant: Caller, team: TeamPath, data: JSONBody[TeamPatch]) -> TeamItem:
    """Rename a team; its slug stays."""
    known = tenant.team(team)
    audit = tenant.audit("team.change", known.slug, {"name": data.name})
    return _shown(tenant.directory.change_team(known.id, data.name, audit))


@delete("/teams/{team:str}", action="org:admin", tags=["teams"], responses=PROBLEMS, sync_to_thread=True)
def remove_team(tenant: Caller, team: TeamPath) -> None:
    """Take a team away; its tokens are revoked with it."""
    known = tenant.team(team)
    tenant.directory.remove_team(known.id, tenant.audit("team.remove", known.slug))


def _shown(one: Team) -> TeamItem:
    return TeamItem(str(one.id), one.slug, one.name, rfc3339(one.created_at))


HANDLERS = (list_teams, create_team, get_team, change_team, remove_team)
