"""`amber token create | list | revoke`."""

from typing import Any

import click

from amber import Context
from amber.errors import Reject
from amber.model import SCOPES, AuditEntry, Directory, Scope, Token, new_token
from amber_auth.terminal import AS_JSON, ORGANISATION, choose_organisation, say


@click.group()
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command()
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="What it may do.")
@click.option("--project", "project_ref", help="Bind it to this project (id or slug).")
@click.option("--team", "team_ref", help="Let it reach this team's projects alone (id or slug).")
@click.option("--name", default="made on the command line", show_default=True, help="What it is for.")
@ORGANISATION
@AS_JSON
@click.pass_obj
def create(ctx: Context[Any], /, scopes: tuple[Scope, ...], name: str, **where: Any) -> None:
    """Make a token; its secret is shown this once."""
    directory: Directory = ctx.role("directory")
    organisation = choose_organisation(directory, where["organisation"])
    project, team = _reach(directory, organisation.id, where["project_ref"], where["team_ref"])
    secret, digest = new_token()
    wanted = Token(0, organisation.id, project, name, secret[-4:], scopes, ctx.now(), team=team)
    after = {"scopes": list(scopes), "project": project, "team": team}
    audit = AuditEntry(organisation.id, "cli", "token.create", name, ctx.now(), after=after)
    made = directory.add_token(wanted, digest, audit)
    shown = {"token": secret, **_described(made)}
    say(shown, where["as_json"], f"{secret}\nKeep it safe: it is not shown again.")


@token.command("list")
@ORGANISATION
@AS_JSON
@click.pass_obj
def list_tokens(ctx: Context[Any], /, organisation: str | None, as_json: bool) -> None:
    """List the tokens, revoked ones too."""
    directory: Directory = ctx.role("directory")
    found = directory.tokens(choose_organisation(directory, organisation).id)
    lines = [f"{one.id:>4}  …{one.hint}  {_state(one):8}  {' '.join(one.scopes)}  {one.name}" for one in found]
    say([_described(one) for one in found], as_json, "\n".join(lines) or "No tokens yet.")


@token.command()
@click.argument("token_id", type=click.IntRange(min=1))
@AS_JSON
@click.pass_obj
def revoke(ctx: Context[Any], /, token_id: int, as_json: bool) -> None:
    """Make a token worthless from now on."""
    directory: Directory = ctx.role("directory")
    known = directory.token_by_id(token_id)
    if known is None:
        raise Reject(f"there is no token {token_id}; `amber token list` shows them all", status=404)
    audit = AuditEntry(known.organisation, "cli", "token.revoke", known.name, ctx.now())
    say(_described(directory.revoke_token(token_id, audit)), as_json, f"Token {token_id} is revoked.")


def _reach(
    directory: Directory, organisation: int, project_ref: str | None, team_ref: str | None
) -> tuple[int | None, int | None]:
    """The ids of the project or of the team a token is bound to."""
    if project_ref is not None and team_ref is not None:
        raise Reject("a token is bound to a project or to a team: give --project or --team, not both")
    project = directory.project(project_ref, organisation) if project_ref is not None else None
    if project is None and project_ref is not None:
        raise Reject(f"there is no project {project_ref!r} in this organisation", status=404)
    teams = directory.teams(organisation) if team_ref is not None else ()
    team = next((one for one in teams if team_ref in (str(one.id), one.slug)), None)
    if team is None and team_ref is not None:
        raise Reject(f"there is no team {team_ref!r} in this organisation", status=404)
    return project.id if project else None, team.id if team else None


def _state(one: Token) -> str:
    return "revoked" if one.revoked_at is not None else "active"


def _described(one: Token) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "hint": one.hint,
        "scopes": one.scopes,
        "project_id": one.project,
        "team_id": one.team,
        "state": _state(one),
    }
