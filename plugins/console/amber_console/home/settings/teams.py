"""`/people/teams/{slug}`: a team, its people and its projects."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber.errors import Reject
from amber.model import Team, free_slug
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form, form_of, name_fault, refuse
from amber_console.home.settings.people import draw_people
from amber_console.home.visitor import Visitor, found

PATH = "/people/teams/{slug:str}"


@post("/people/teams", action="org:admin", sync_to_thread=True)
def make_team(asked: Ask) -> Response[Any]:
    """Make a team."""
    visitor, name = asked.visitor, asked.form.text("team")
    try:
        refuse({"team": name_fault(name)})
        slug = free_slug(name, {one.slug for one in visitor.teams}, "team")
        audit = visitor.audit("team.create", slug, {"name": name})
        visitor.directory.add_team(visitor.organisation_id, slug, name, audit)
    except Reject as refusal:
        return draw_people(asked, asked.form, refusal)
    return go(f"/people/teams/{slug}?done=team")


@get(PATH, action="project:read", sync_to_thread=True)
def team_page(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """The team as it is."""
    team = _team(asked.visitor, slug)
    return _page(asked, team, _filled(asked.visitor, team))


@post(PATH, action="org:admin", sync_to_thread=True)
def change_team(asked: Ask, slug: FromPath[str]) -> Response[Any]:
    """Rename a team, and say who and what belongs to it."""
    team = _team(asked.visitor, slug)
    try:
        refuse({"name": name_fault(asked.form.text("name"))})
        _rename(asked, team)
        _set_people(asked, team)
        _set_projects(asked, team)
    except Reject as refusal:
        return _page(asked, team, asked.form, refusal)
    return go(f"/people/teams/{slug}?done=saved")


@post(f"{PATH}/remove", action="org:admin", sync_to_thread=True)
def remove_team(asked: Ask, slug: FromPath[str]) -> Response[Any]:
    """Take a team away."""
    team = _team(asked.visitor, slug)
    asked.visitor.directory.remove_team(team.id, asked.visitor.audit("team.remove", team.slug))
    return go("/people?done=team-removed#teams")


def _team(visitor: Visitor, slug: str) -> Team:
    return found(next((one for one in visitor.teams if one.slug == slug), None), "team")


def _rename(asked: Asked, team: Team) -> None:
    name = asked.form.text("name")
    if name != team.name:
        asked.visitor.directory.change_team(
            team.id, name, asked.visitor.audit("team.change", team.slug, {"name": name})
        )


def _set_people(asked: Asked, team: Team) -> None:
    visitor, wanted = asked.visitor, set(asked.form.every("person"))
    has = {one.id for one in visitor.directory.team_members(team.id)}
    for member in visitor.people:
        is_wanted = str(member.user.id) in wanted
        if is_wanted is not (member.user.id in has):
            audit = visitor.audit("team.member", team.slug, {"user": member.user.email, "is_member": is_wanted})
            visitor.directory.set_team_member(team.id, member.user.id, is_wanted, audit)


def _set_projects(asked: Asked, team: Team) -> None:
    visitor, wanted = asked.visitor, set(asked.form.every("project"))
    has = set(visitor.directory.team_projects(team.id))
    for project in visitor.projects.values():
        is_wanted = str(project.id) in wanted
        if is_wanted is not (project.id in has):
            audit = visitor.audit("team.project", team.slug, {"project": project.slug, "is_linked": is_wanted})
            visitor.directory.set_team_project(team.id, project.id, is_wanted, audit)


def _filled(visitor: Visitor, team: Team) -> Form:
    people = tuple(str(one.id) for one in visitor.directory.team_members(team.id))
    return form_of(name=team.name, person=people, project=tuple(map(str, visitor.directory.team_projects(team.id))))


def _page(asked: Asked, team: Team, form: Form, refusal: Reject | None = None) -> Response[bytes]:
    now = _filled(asked.visitor, team)
    return asked.draw("team", form, refusal, team=team, people=now.every("person"), projects=now.every("project"))


HANDLERS = (make_team, team_page, change_team, remove_team)
