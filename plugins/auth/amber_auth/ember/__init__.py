"""Knows AMBER's clients by their `x-ember` headers, and teams by JSON Web Tokens."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from amber import Context, hookimpl
from amber.errors import Denied
from amber.model import TOKEN_PREFIX, AuthRequest, Directory, Principal
from amber_auth.bearer import principal_of, token_of
from amber_auth.ember.admin import admin
from amber_auth.ember.commands import sign_token
from amber_auth.ember.config import Config, check
from amber_auth.ember.signed import is_signed, signed_principal

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

__all__ = ["Config", "api_routes", "authenticate", "cli_commands", "plugin_start"]
PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
PUBLIC_KEY = (
    "a project's public key sends events and reads nothing, since everybody who opens the app can see it: "
    "make a token for the project (`amber token create --project …`) and send that"
)


@hookimpl
def plugin_start(ctx: Context[Config]) -> None:
    """Refuse settings nobody could log in with."""
    check(ctx.config)


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Config]) -> Principal | None:
    """Who AMBER's headers speak for, narrowed to the project they name; `Denied` where they do not fit.

    Ingest is left to the project keys.
    """
    if request.key:
        return None
    found = _shown(request, ctx)
    ref = request.headers.get("x-ember-project", "")
    return found if found is None or not ref else _narrowed(found, ref, ctx.role("directory"))


def _shown(request: AuthRequest, ctx: Context[Config]) -> Principal | None:
    """The first of the headers that is there, in AMBER's own order; the admin's goes before all."""
    headers = request.headers
    if "x-ember-admin" in headers:
        return admin(request, ctx)
    if "authorization" in headers:
        return _bearer(request, ctx)
    if secret := headers.get("x-ember-token", "").strip():
        return signed_principal(secret, ctx) if is_signed(secret) else _opaque(secret, ctx)
    if key := headers.get("x-ember-key", "").strip():
        return _bound(key, headers.get("x-ember-project", ""), ctx)
    return None


def _bearer(request: AuthRequest, ctx: Context[Config]) -> Principal | None:
    scheme, _, secret = request.headers["authorization"].partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer":
        return None
    if is_signed(secret):  # without a secret to check it by, somebody else's plugin may know it
        return signed_principal(secret, ctx) if ctx.config.jwt_secret else None
    is_narrowed = secret.startswith(TOKEN_PREFIX) and "x-ember-project" in request.headers
    return _opaque(secret, ctx) if is_narrowed else None


def _opaque(secret: str, ctx: Context[Config]) -> Principal:
    return principal_of(token_of(secret, ctx), ctx.role("directory"))


def _bound(key: str, ref: str, ctx: Context[Config]) -> Principal:
    if not key.startswith(TOKEN_PREFIX):
        raise Denied(PUBLIC_KEY, status=401)
    if not ref:
        raise Denied("x-ember-project must name the project beside x-ember-key", status=401)
    found = token_of(key, ctx)
    if found.project is None:
        raise Denied("this token is bound to no project: send it as x-ember-token", status=401)
    return principal_of(found, ctx.role("directory"))


def _narrowed(principal: Principal, ref: str, directory: Directory) -> Principal:
    """The same caller, who sees no project but this one."""
    known = directory.project(ref, principal.organisation) if PROJECT.fullmatch(ref) else None
    if known is None or not principal.reaches(known.id):
        raise Denied("x-ember-project: no such project", status=404)
    return replace(principal, projects=frozenset({known.id}))


@hookimpl
def api_routes(ctx: Context[Config]) -> Sequence["HTTPRouteHandler"]:
    """`POST /api/v1/tokens/{token}/jwt`."""
    from amber_auth.ember.routes import routes  # loaded where there are routes, which a worker has none of

    return routes(ctx)


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber jwt`."""
    return [sign_token]
