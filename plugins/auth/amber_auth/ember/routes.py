"""`/tokens/{token}/jwt`: a team's token as AMBER's clients hold it."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter
from msgspec import Struct
from msgspec.structs import replace

from amber import Context
from amber.errors import Denied, Reject
from amber.model import AuditEntry, Directory, Principal, actor_of, may_grant, rfc3339
from amber_auth.ember.config import Config
from amber_auth.ember.signed import find_token, sign

TokenPath = Annotated[str, PathParameter(description="The token's id")]


class MadeJwt(Struct, frozen=True):
    """A JSON Web Token that was just made; it is shown this once and ends with the token it stands for."""

    token: str
    jwt: str
    expires_at: str


def routes(ctx: Context[Config]) -> Sequence[HTTPRouteHandler]:
    """The handlers, each with the context it works in."""

    @post("/api/v1/tokens/{token:str}/jwt", action="org:admin", tags=["tokens"], sync_to_thread=True)
    def create_jwt(request: Request[Principal, Any, Any], token: TokenPath) -> MadeJwt:
        """Make a JSON Web Token for a team's token, for AMBER's clients."""
        directory: Directory = ctx.role("directory")
        known = find_token(token, directory)
        if known is None or known.organisation != request.user.organisation:
            raise Reject("no such token", status=404)
        if refusal := may_grant(request.user.scopes, known.scopes):
            raise Denied(refusal)
        made = sign(known, ctx)
        audit = AuditEntry(known.organisation, actor_of(request.user), "token.jwt", f"token:{known.id}", ctx.now())
        directory.note_change(replace(audit, client_ip=str(request.scope.get("amber_client_ip", ""))))
        return MadeJwt(str(known.id), made.jwt, rfc3339(made.expires_at))

    return [create_jwt]
