"""`/people`: who is in the organisation, who is invited, and in which teams."""

from collections.abc import Mapping
from typing import Any, cast

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from amber.errors import Reject
from amber.model import GRANTS, Invitation, Member, Role, Team, age, may_invite, may_remove, may_set_role, person_of
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import BLANK, Form
from amber_console.home.visitor import Visitor, found

DAY = 86_400.0
ROLES: Mapping[Role, str] = {
    "member": "sees every project, resolves and assigns issues",
    "admin": "and manages projects, people and API tokens",
    "owner": "and the organisation itself, its admins and owners",
}


class Person(Struct, frozen=True):
    """A member in the list; `roles` are those the visitor may give them, their own left out."""

    member: Member
    roles: tuple[Role, ...]
    may_go: bool
    is_self: bool


class Guest(Struct, frozen=True):
    """An open invitation; `left` is how long it still holds, empty where that is over."""

    invitation: Invitation
    left: str
    may_withdraw: bool


class Group(Struct, frozen=True):
    """A team with how many people and projects it has."""

    team: Team
    people: int
    projects: int


@get("/people", action="project:read", sync_to_thread=True)
def people_page(asked: Ask) -> Response[bytes]:
    """Everybody."""
    return draw_people(asked)


@post("/people/{user:int}/role", action="org:admin", sync_to_thread=True)
def set_role(asked: Ask, user: FromPath[int]) -> Response[Any]:
    """Give somebody another role."""
    visitor, member, role = asked.visitor, find_member(asked.visitor, user), role_of(asked.form)
    try:
        _allow(may_set_role(visitor.scopes, person_of(visitor.principal), member, role))
        audit = visitor.audit("member.change", member.user.email, {"role": role})
        visitor.directory.change_member(visitor.organisation_id, user, role, audit)
    except Reject as refusal:
        return draw_people(asked, refusal=refusal)
    return go("/people?done=role")


@post("/people/{user:int}/remove", action="project:read", sync_to_thread=True)
def remove(asked: Ask, user: FromPath[int]) -> Response[Any]:
    """Take somebody's place away, or one's own, which everybody may."""
    visitor, member = asked.visitor, find_member(asked.visitor, user)
    try:
        _allow(may_remove(visitor.scopes, person_of(visitor.principal), member))
        audit = visitor.audit("member.remove", member.user.email)
        visitor.directory.remove_member(visitor.organisation_id, user, audit)
    except Reject as refusal:
        return draw_people(asked, refusal=refusal)
    return go("/people?done=member-removed")


def draw_people(asked: Asked, form: Form = BLANK, refusal: Reject | None = None, link: str = "") -> Response[bytes]:
    """The page; `link` is that of an invitation just made, shown this once."""
    visitor = asked.visitor
    return asked.draw(
        "people",
        form,
        refusal,
        people=[_person(visitor, one) for one in visitor.people],
        guests=_guests(visitor) if visitor.may("org:admin") else [],
        groups=[_group(visitor, one) for one in visitor.teams],
        roles=ROLES,
        invitable=[(role, role) for role in ROLES if may_invite(visitor.scopes, role) is None],
        link=link,
    )


def find_member(visitor: Visitor, user: int) -> Member:
    """The organisation's member with this user id; `Reject` with 404 where there is none."""
    return found(next((one for one in visitor.people if one.user.id == user), None), "member")


def role_of(form: Form) -> Role:
    """The role a form names."""
    role = form.text("role")
    if role not in ROLES:
        raise Reject("There is no such role.")
    return cast("Role", role)


def _allow(fault: str | None) -> None:
    if fault is not None:
        raise Reject(fault, status=403)


def _person(visitor: Visitor, member: Member) -> Person:
    actor = person_of(visitor.principal)
    roles = tuple(
        role for role in GRANTS if role != member.role and may_set_role(visitor.scopes, actor, member, role) is None
    )
    may_go = may_remove(visitor.scopes, actor, member) is None
    return Person(member, roles, may_go, actor == member.user.id)


def _guests(visitor: Visitor) -> list[Guest]:
    return [
        Guest(
            one,
            _left(one.expires_at - visitor.now),
            may_invite(visitor.scopes, one.role) is None,
        )
        for one in visitor.directory.invitations(visitor.organisation_id)
    ]


def _left(seconds: float) -> str:
    """How long that is, rounded to whole days; empty where nothing is left."""
    return age(0, seconds + (DAY / 2 if seconds > DAY else 0)) if seconds > 0 else ""


def _group(visitor: Visitor, team: Team) -> Group:
    directory = visitor.directory
    return Group(team, len(directory.team_members(team.id)), len(directory.team_projects(team.id)))


HANDLERS = (people_page, set_role, remove)
