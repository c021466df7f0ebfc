"""Knows programs by their API token; tokens are hashed, scoped and revocable."""

from collections.abc import Sequence
from typing import Any

import click

from amber import Context, hookimpl
from amber.model import TOKEN_PREFIX, AuthRequest, Principal
from amber_auth.bearer import principal_of, token_of
from amber_auth.tokens.commands import token


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Any]) -> Principal | None:
    """The API token in `Authorization: Bearer amb_…`; `Denied` where it is unknown or revoked."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
        return None
    return principal_of(token_of(secret, ctx), ctx.role("directory"))


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber token …`."""
    return [token]
