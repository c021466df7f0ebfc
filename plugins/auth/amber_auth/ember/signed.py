"""JSON Web Tokens: a team's token in the form AMBER's clients hold it in."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from amber import Context
from amber.errors import Denied, Reject
from amber.model import GRANTS, Directory, Principal, Role, Token, reach
from amber_auth.bearer import principal_of, usable
from amber_auth.ember.config import Config

ALGORITHM = "HS256"
LASTS = 30 * 86_400
"""Seconds from making to expiry."""
LEEWAY = 5.0
"""Seconds clocks may differ."""
ROW_ID = re.compile(r"[1-9][0-9]{0,17}")
CLAIMS = ("exp", "iat", "sub", "token_id", "team_id", "role", "scopes")


class Signed(Struct, frozen=True):
    """A JSON Web Token with the time it ends at, in Unix seconds."""

    jwt: str
    expires_at: float


def is_signed(shown: str) -> bool:
    """Whether this has the form of a JSON Web Token, as AMBER tells: exactly two dots."""
    return shown.count(".") == 2


def find_token(number: str, directory: Directory) -> Token | None:
    """The token with this id, where it is one."""
    return directory.token_by_id(int(number)) if ROW_ID.fullmatch(number) else None


def sign(token: Token, ctx: Context[Config]) -> Signed:
    """A team's token as a JSON Web Token. Raises Reject where that cannot be."""
    import jwt  # a tenth of a second of every start, for what most installations never use

    if not ctx.config.jwt_secret:
        raise Reject("no JSON Web Tokens are made here: give [plugins.ember] jwt_secret in amber.toml", status=409)
    if token.team is None or token.revoked_at is not None:
        raise Reject("only a team's token that was not revoked has a JSON Web Token", status=409)
    now = int(ctx.now())
    scopes = sorted(reach(token.scopes))
    claims = {
        "sub": str(token.id),
        "token_id": str(token.id),
        "team_id": str(token.team),
        "role": _role(token),
        "scopes": scopes,
        "iat": now,
        "exp": now + LASTS,
    }
    return Signed(jwt.encode(claims, ctx.config.jwt_secret, algorithm=ALGORITHM), now + LASTS)


def signed_principal(shown: str, ctx: Context[Config]) -> Principal:
    """Who a JSON Web Token speaks for; `Denied` where it is forged or over, or its token was revoked or moved.

    The token's own row decides what it may do; the claims can only make that less.
    """
    claims = _claims(shown, ctx)
    directory: Directory = ctx.role("directory")
    number = str(claims["token_id"])
    token = usable(find_token(number, directory), ctx)
    if claims["sub"] != number or token.team is None or str(token.team) != str(claims["team_id"]):
        raise Denied("this token belongs to another team", status=401)
    scopes = reach(token.scopes) & _claimed(claims)
    return replace(principal_of(token, directory), scopes=scopes)


def _claims(shown: str, ctx: Context[Config]) -> Mapping[str, Any]:
    import jwt

    if not ctx.config.jwt_secret:
        raise Denied("no JSON Web Tokens are taken here: give [plugins.ember] jwt_secret in amber.toml", status=401)
    try:
        found: Mapping[str, Any] = jwt.decode(
            shown, ctx.config.jwt_secret, algorithms=[ALGORITHM], leeway=LEEWAY, options={"require": list(CLAIMS)}
        )
    except (jwt.InvalidTokenError, ValueError) as error:  # ValueError: text that is no text, such as a lone surrogate
        raise Denied(f"this JSON Web Token cannot be used: {error}", status=401) from None
    return found


def _claimed(claims: Mapping[str, Any]) -> frozenset[str]:
    role, scopes = claims["role"], claims["scopes"]
    if role not in tuple(GRANTS) or not isinstance(scopes, list):
        raise Denied("this JSON Web Token cannot be used: it names no role or no scopes", status=401)
    return reach(scope for scope in scopes if isinstance(scope, str)) & reach({GRANTS[role]})


def _role(token: Token) -> Role:
    """The narrowest role that grants what the token may do."""
    roles: tuple[Role, ...] = ("member", "admin")
    return next((role for role in roles if reach(token.scopes) <= reach({GRANTS[role]})), "owner")
