"""`/tokens`: what programs show who they are with."""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.errors import Denied
from amber.model import Scope, Token, new_token, reach, rfc3339
from amber_api.v1.paths import TokenPath
from amber_api.v1.projects import Name
from amber_api.v1.shapes import PROBLEMS, Listing, listing, moment
from amber_api.v1.tenant import Caller, existing


class TokenItem(Struct, frozen=True):
    """An API token; `hint` is the end of its secret, `project` is set where it reaches one project alone."""

    id: str
    name: str
    hint: str
    scopes: list[str]
    project: str | None
    created_at: str
    last_used_at: str | None
    revoked_at: str | None


class MadeToken(TokenItem, frozen=True, kw_only=True):
    """A token that was just made; its secret is shown this once."""

    token: str


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make."""

    name: Name
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=20, description="None wider than your own")]
    project: Annotated[str, Meta(description="Id or slug of the one project it reaches")] | UnsetType = UNSET


@get("/tokens", action="org:admin", tags=["tokens"], responses=PROBLEMS, sync_to_thread=True)
def list_tokens(tenant: Caller) -> Listing[TokenItem]:
    """The organisation's tokens, revoked ones too."""
    return listing(tenant.directory.tokens(tenant.organisation), _shown)


@post("/tokens", action="org:admin", tags=["tokens"], responses=PROBLEMS, sync_to_thread=True)
def create_token(tenant: Caller, data: JSONBody[NewToken]) -> MadeToken:
    """Make a token; its secret is in this answer and nowhere else."""
    if not reach(data.scopes) <= reach(tenant.principal.scopes):
        raise Denied("a token cannot reach further than the one that makes it")
    project = tenant.project(data.project).id if data.project else None
    secret, digest = new_token()
    scopes = tuple(dict.fromkeys(data.scopes))
    wanted = Token(0, tenant.organisation, project, data.name, secret[-4:], scopes, tenant.now)
    audit = tenant.audit("token.create", data.name, {"scopes": list(scopes), "project": project})
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
    every = tenant.directory.tokens(tenant.organisation)
    known = existing(next((one for one in every if str(one.id) == token), None), "token")
    return _shown(tenant.directory.revoke_token(known.id, tenant.audit("token.revoke", known.name)))


def _shown(one: Token) -> TokenItem:
    project = None if one.project is None else str(one.project)
    used, revoked = moment(one.last_used_at), moment(one.revoked_at)
    return TokenItem(str(one.id), one.name, one.hint, list(one.scopes), project, rfc3339(one.created_at), used, revoked)


HANDLERS = (list_tokens, create_token, revoke_token)
