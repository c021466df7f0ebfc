"""Whom an API token speaks for, however it was shown."""

from typing import Any

from amber import Context
from amber.errors import Denied, Unavailable
from amber.model import Directory, Principal, Token, token_digest

TOUCH_EVERY = 60.0
"""Seconds between two notes of a token's use: people ask for the day, and a write per request would cost more."""


def token_of(secret: str, ctx: Context[Any]) -> Token:
    """The token with this secret; `Denied` where it is unknown or revoked. Its use is noted."""
    directory: Directory = ctx.role("directory")
    return usable(directory.token(token_digest(secret)), ctx)


def usable(found: Token | None, ctx: Context[Any]) -> Token:
    """The token, its use noted; `Denied` where there is none or it was revoked."""
    if found is None or found.revoked_at is not None:
        raise Denied("this token is not known here, or it was revoked", status=401)
    _touch(found, ctx)
    return found


def principal_of(token: Token, directory: Directory) -> Principal:
    """Who the token speaks for; `Denied` where its team is gone."""
    return Principal(
        kind="token",
        id=str(token.id),
        name=token.name,
        organisation=token.organisation,
        projects=_projects(token, directory),
        scopes=frozenset(token.scopes),
    )


def _projects(token: Token, directory: Directory) -> frozenset[int] | None:
    if token.project is not None:
        return frozenset({token.project})
    if token.team is None:
        return None
    if all(team.id != token.team for team in directory.teams(token.organisation)):
        raise Denied("the team of this token is gone", status=401)
    return frozenset(directory.team_projects(token.team))


def _touch(used: Token, ctx: Context[Any]) -> None:
    now = ctx.now()
    if used.last_used_at is not None and now - used.last_used_at < TOUCH_EVERY:
        return
    try:
        ctx.role("directory").touch_token(used.id, now)
    except Unavailable as error:  # a note that cannot be written is no reason to turn the caller away
        ctx.log.warning("the use of token %s could not be noted: %s", used.id, error)
