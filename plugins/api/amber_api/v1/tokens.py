"""`/tokens`: what programs show who they are with."""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.errors import Reject
from amber.model import Scope, Token, may_grant, new_token, rfc3339
from amber_api.v1.paths import TokenPath
from amber_api.v1.projects import Name
from amber_api.v1.query import invalid
from amber_api.v1.shapes import PROBLEMS, Listing, listing, moment
from amber_api.v1.tenant import Caller, allowed, existing, row_id


class TokenItem(Struct, frozen=True):
    """An API token; `hint` is the end of its secret.

    `project` is set where it reaches one project alone, `team` where it reaches that team's projects.
    """

    id: str
    name: str
    hint: str
    scopes: list[str]
    project: str | None
    created_at: str
    last_used_at: str | None
    revoked_at: str | None
    team: str | None


class MadeToken(TokenItem, frozen=True, kw_only=True):
    """A token that was just made; its secret is shown this once."""

    token: str


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make."""

    name: Name
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=20, description="None wider than your own")]
    project: Annotated[str, Meta(description="Id or slug of the one project it reaches")] | UnsetType = UNSET
    team: Annotated[str, Meta(description="Id or slug of the team whose projects it reaches")] | UnsetType = UNSET


@get("/tokens", action="org:admin", tags=["tokens"], responses=PROBLEMS, sync_to_thread=True)
def list_tokens(tenant: Caller) -> Listing[TokenItem]:
    """The organisation's tokens, revoked ones too."""
    return listing(tenant.directory.tokens(tenant.organisation), _shown)


@post("/tokens", action="org:admin", tags=["tokens"], responses=PROBLEMS, sync_to_thread=True)
def create_token(tenant: Caller, data: JSONBody[NewToken]) -> MadeToken:
    """Make a token; its secret is in this answer and nowhere else."""
    allowed(may_grant(tenant.principal.scopes, data.scopes))
    if data.project and data.team:
        invalid("team", "a token is bound to a project or to a team, not to both", "body")
    project = tenant.project(data.project).id if data.project else None
    team = tenant.team(data.team).id if data.team else None
    secret, digest = new_token()
    scopes = tuple(dict.fromkeys(data.scopes))
    wanted = Token(0, tenant.organisation, project, data.name, secret[-4:], scopes, tenant.now, team=team)
    audit = tenant.audit("token.create", data.name, {"scopes": list(scopes), "project": project, "team": team})
    made = _shown(tenant.directory.add_token(wanted, digest, audit))
    return MadeToken(*(getattr(made, field) for field in TokenItem.__struct_fields__), token=secret)


@delete(
    "/tokens/{token:str}",
    action="org:admin",
    tags=["tokens"],
    responses=PROBLEMS,
    status_code=200,
    sync_to_thread=True,
)
def revoke_token(tenant: Caller, token: TokenPath) -> TokenItem:
    """Make a token worthless from now on."""
    known = existing(tenant.directory.token_by_id(row_id(token)), "token")
    if known.organisation != tenant.organisation:
        raise Reject("no such token", status=404)
    return _shown(tenant.directory.revoke_token(known.id, tenant.audit("token.revoke", known.name)))


def _shown(one: Token) -> TokenItem:
    return TokenItem(
        id=str(one.id),
        name=one.name,
        hint=one.hint,
        scopes=list(one.scopes),
        project=None if one.project is None else str(one.project),
        created_at=rfc3339(one.created_at),
        last_used_at=moment(one.last_used_at),
        revoked_at=moment(one.revoked_at),
        team=None if one.team is None else str(one.team),
    )


HANDLERS = (list_tokens, create_token, revoke_token)
