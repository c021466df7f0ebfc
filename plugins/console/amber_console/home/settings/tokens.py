"""`/tokens`: what programs show who they are with."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber.errors import Reject
from amber.model import SCOPES, Scope, Token, may_grant, new_token
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import BLANK, Form, form_of, name_fault, refuse
from amber_console.home.visitor import Visitor, found

MEANINGS: Mapping[Scope, str] = {
    "project:read": "read issues, events and settings",
    "project:triage": "and resolve, ignore and assign issues",
    "project:write": "and upload what belongs to a project, such as source maps",
    "project:admin": "and change projects, keys and notifications",
    "org:admin": "and manage projects, people and tokens",
    "org:owner": "and the organisation, its admins and owners",
    "admin": "and the whole installation",
}
WIDE = frozenset({"org:admin", "org:owner", "admin"})
"""What nobody who is bound to some projects may hold."""


@get("/tokens", action="org:admin", sync_to_thread=True)
def tokens_page(asked: Ask) -> Response[bytes]:
    """The organisation's tokens."""
    return _page(asked, form_of(scope="project:read"))


@post("/tokens", action="org:admin", status_code=200, sync_to_thread=True)
def make_token(asked: Ask) -> Response[Any]:
    """Make a token; its secret is in this answer and nowhere else."""
    try:
        secret = _make(asked)
    except Reject as refusal:
        return _page(asked, asked.form, refusal)
    return _page(asked, form_of(scope="project:read"), secret=secret)


@post("/tokens/{token:int}/revoke", action="org:admin", sync_to_thread=True)
def revoke_token(asked: Ask, token: FromPath[int]) -> Response[Any]:
    """Make a token worthless from now on."""
    visitor = asked.visitor
    known = found(
        next((one for one in visitor.directory.tokens(visitor.organisation_id) if one.id == token), None), "token"
    )
    visitor.directory.revoke_token(known.id, visitor.audit("token.revoke", known.name))
    return go("/tokens?done=revoked")


def _make(asked: Asked) -> str:
    visitor, name, scope = asked.visitor, asked.form.text("name"), asked.form.text("scope")
    project, team, fault = _reach(visitor, asked.form.text("reach"))
    if not fault and scope in WIDE and (project or team):
        fault = f"{scope} is about the whole organisation: choose all projects, or a narrower scope"
    refuse({"name": name_fault(name), "scope": _scope_fault(visitor, scope), "reach": fault})
    secret, digest = new_token()
    wanted = Token(0, visitor.organisation_id, project, name, secret[-4:], (scope,), visitor.now, team=team)
    audit = visitor.audit("token.create", name, {"scopes": [scope], "project": project, "team": team})
    visitor.directory.add_token(wanted, digest, audit)
    return secret


def _scope_fault(visitor: Visitor, scope: str) -> str:
    if scope not in SCOPES:
        return "is missing"
    return may_grant(visitor.scopes, [scope]) or ""


def _reach(visitor: Visitor, reach: str) -> tuple[int | None, int | None, str]:
    """The project or the team a token is bound to, and what is wrong with the choice."""
    kind, _, slug = reach.partition(":")
    project = next((one.id for one in visitor.projects.values() if one.slug == slug), None)
    team = next((one.id for one in visitor.teams if one.slug == slug), None)
    if kind == "project":
        return project, None, "" if project else "names no project of yours"
    if kind == "team":
        return None, team, "" if team else "names no team of yours"
    return None, None, "is neither a project nor a team" if reach else ""


def _page(asked: Asked, form: Form = BLANK, refusal: Reject | None = None, secret: str = "") -> Response[bytes]:
    visitor = asked.visitor
    every = visitor.directory.tokens(visitor.organisation_id)
    places = {one.id: one.name for one in visitor.projects.values()}, {one.id: one.name for one in visitor.teams}
    return asked.draw(
        "tokens",
        form,
        refusal,
        secret=secret,
        tokens=sorted((one for one in every if one.revoked_at is None), key=lambda one: -one.id),
        revoked=sorted((one for one in every if one.revoked_at is not None), key=lambda one: -(one.revoked_at or 0)),
        project_names=places[0],
        team_names=places[1],
        scopes=[(one, MEANINGS[one]) for one in SCOPES if may_grant(visitor.scopes, [one]) is None],
    )


HANDLERS = (tokens_page, make_token, revoke_token)
