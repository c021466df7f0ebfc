"""Logs people in by e-mail and password, and takes up invitations."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from amber import Context, hookimpl
from amber.model import LoginField, LoginMethod
from amber_auth.password.commands import first_start, user
from amber_auth.password.proof import proven

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

FIELDS = (
    LoginField("email", "E-mail", "email", "username"),
    LoginField("password", "Password", "password", "current-password"),
)


@hookimpl
def login_methods(ctx: Context[Any]) -> Sequence[LoginMethod]:
    """E-mail and password."""
    return [LoginMethod("password", "E-mail and password", FIELDS, partial(proven, ctx=ctx))]


@hookimpl
def api_routes(ctx: Context[Any]) -> Sequence["HTTPRouteHandler"]:
    """`POST /invitation/{secret}` and `POST /profile/password`, for the pages of a console."""
    from amber_auth.password.routes import routes  # loaded where there are routes, which a worker has none of

    return routes(ctx)


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber user …`, and the hidden `amber bootstrap`."""
    return [user, first_start]
