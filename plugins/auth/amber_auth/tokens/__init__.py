"""Knows programs by their API token; tokens are hashed, scoped and revocable."""

from collections.abc import Sequence
from typing import Any

import click

from amber import Context, hookimpl
from amber.errors import Denied, Unavailable
from amber.model import TOKEN_PREFIX, AuthRequest, Principal, Token, token_digest
from amber_auth.tokens.commands import token

TOUCH_EVERY = 60.0
"""Seconds between two notes of a token's use: people ask for the day, and a write per request would cost more."""


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Any]) -> Principal | None:
    """The API token in `Authorization: Bearer amb_…`; `Denied` where it is unknown or revoked."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
        return None
    found: Token | None = ctx.role("directory").token(token_digest(secret))
    if found is None or found.revoked_at is not None:
        raise Denied("this token is not known here, or it was revoked", status=401)
    _touch(found, ctx)
    return Principal(
        kind="token",
        id=str(found.id),
        name=found.name,
        organisation=found.organisation,
        project=found.project,
        scopes=frozenset(found.scopes),
    )


def _touch(used: Token, ctx: Context[Any]) -> None:
    now = ctx.now()
    if used.last_used_at is not None and now - used.last_used_at < TOUCH_EVERY:
        return
    try:
        ctx.role("directory").touch_token(used.id, now)
    except Unavailable as error:  # a note that cannot be written is no reason to turn the caller away
        ctx.log.warning("the use of token %s could not be noted: %s", used.id, error)


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber token …`."""
    return [token]
