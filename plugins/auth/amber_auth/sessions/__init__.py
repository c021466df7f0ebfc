"""Knows people by the session of their browser, and logs them in and out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from amber import Context, hookimpl
from amber.errors import Reject, Unavailable
from amber.model import GRANTS, AuthRequest, Directory, Member, Principal, Session, token_digest
from amber_auth.cookie import ABSOLUTE_DAYS, DAY, IDLE_DAYS, secret_of

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

TOUCH_EVERY = 60.0
"""Seconds between two notes of a session's use."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """How long people stay logged in."""

    idle_days: Annotated[float, Meta(description="Days a session goes on unused", gt=0)] = IDLE_DAYS
    absolute_days: Annotated[float, Meta(description="Days after which everybody logs in again", gt=0)] = ABSOLUTE_DAYS


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Config]) -> Principal | None:
    """The person whose session the cookie names; nobody where it is over or they lost their place.

    A stale cookie is answered as no answer: the page then asks to log in.
    """
    secret = "" if request.key else secret_of(request.headers.get("cookie", ""), ctx.kernel("public_url"))
    if not secret:
        return None
    directory: Directory = ctx.role("directory")
    session = directory.session(token_digest(secret))
    if session is None or ctx.now() >= end_of(session, ctx.config):
        return None
    places = directory.memberships(session.user)
    place = next((one for one in places if one.organisation == session.organisation), None)
    if place is None or not _touch(session, ctx):
        return None
    return principal_of(place, session.id)


def principal_of(place: Member, session: int) -> Principal:
    """What a person may do in this place."""
    scopes: set[str] = {GRANTS[place.role]} | ({"admin"} if place.user.is_superuser else set())
    return Principal(
        kind="user",
        id=str(place.user.id),
        name=place.user.name or place.user.email,
        organisation=place.organisation,
        scopes=frozenset(scopes),
        session=session,
    )


def end_of(session: Session, config: Config) -> float:
    """When a session is over, in Unix seconds; a configuration made stricter counts for older sessions too."""
    idle, absolute = config.idle_days * DAY, config.absolute_days * DAY
    return min(session.expires_at, session.last_used_at + idle, session.created_at + absolute)


def _touch(session: Session, ctx: Context[Config]) -> bool:
    """Note that the session is used; whether it is still there."""
    now, config = ctx.now(), ctx.config
    if now - session.last_used_at < TOUCH_EVERY:
        return True
    until = min(now + config.idle_days * DAY, session.created_at + config.absolute_days * DAY)
    try:
        ctx.role("directory").touch_session(session.id, now, until)
    except Unavailable as error:  # a note that cannot be written is no reason to turn a person away
        ctx.log.warning("the use of session %s could not be noted: %s", session.id, error)
    except Reject as refusal:
        if refusal.status != 404:
            raise
        return False  # it was ended a moment ago
    return True


@hookimpl
def api_routes(ctx: Context[Config]) -> Sequence["HTTPRouteHandler"]:
    """`POST /login`, `POST /logout` and `POST /session/organisation`, for the pages of a console."""
    from amber_auth.sessions.routes import routes  # loaded where there are routes, which a worker has none of

    return routes(ctx, ctx.config.idle_days)
