"""Taking up an invitation and changing one's password: what the forms of a console post to."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter

from amber import Context
from amber.errors import Denied
from amber.model import PUBLIC
from amber_auth.browser import HOME, Asked, form_of, see, visit_of
from amber_auth.cookie import cookie
from amber_auth.password.change import change
from amber_auth.password.joining import join

SecretPath = Annotated[str, PathParameter(description="The invitation's secret")]


def routes(ctx: Context[Any]) -> Sequence[HTTPRouteHandler]:
    """The handlers, each with the context it works in."""

    @post("/invitation/{secret:str}", action=PUBLIC, include_in_schema=False)
    async def accept(request: Asked, secret: SecretPath) -> Response[str]:
        """Take up an invitation and log in."""
        form = await form_of(request)
        done = await asyncio.to_thread(join, ctx, secret, form, visit_of(request, ctx.now()))
        if done.problem:
            return see(f"/invitation/{secret}", problem=done.problem)
        return see(HOME, cookie(done.secret, ctx.kernel("public_url")))

    @post("/profile/password", action="project:read", include_in_schema=False)
    async def renew(request: Asked) -> Response[str]:
        """Change one's own password; every other browser is logged out."""
        if request.user.session is None:
            raise Denied("a password is changed by the person who is logged in with it")
        form = await form_of(request)
        done = await asyncio.to_thread(change, ctx, request.user, form, visit_of(request, ctx.now()))
        if done.problem:
            return see("/profile", problem=done.problem)
        return see("/profile", cookie(done.secret, ctx.kernel("public_url")), done="password")

    return [accept, renew]
