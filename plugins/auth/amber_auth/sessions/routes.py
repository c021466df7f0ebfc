"""Logging in, out, and over to another organisation: what the forms of a console post to."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from amber import Context
from amber.errors import Denied, Reject, Unavailable
from amber.model import PUBLIC, Directory, User, token_digest
from amber_auth.browser import HOME, Asked, Visit, audit_of, begin, form_of, local, see, visit_of
from amber_auth.cookie import cookie, secret_of

REF = re.compile(r"[A-Za-z0-9_-]{1,64}")
PROBLEMS = {429: "wait"}
"""What the login page is told by the status of a refusal; any other proof was wrong."""


def routes(ctx: Context[Any], idle_days: float) -> Sequence[HTTPRouteHandler]:
    """The handlers, each with the context it works in."""

    @post("/login", action=PUBLIC, include_in_schema=False)
    async def log_in(request: Asked) -> Response[str]:
        """Check the proof and begin a session; the page asked for is next."""
        form = await form_of(request)
        visit, onward = visit_of(request, ctx.now()), local(form.get("next", ""))
        try:
            user = await ctx.kernel("logins").verify(form.get("method", ""), form, visit.client_ip)
        except Denied as refusal:
            return see("/login", problem=PROBLEMS.get(refusal.status, "wrong"), next=onward)
        except Unavailable as error:
            ctx.log.warning("nobody could log in: %s", error)
            return see("/login", problem="off", next=onward)
        old = secret_of(request.headers.get("cookie", ""), ctx.kernel("public_url"))
        secret = await asyncio.to_thread(_begin, ctx.role("directory"), user, visit, idle_days, old)
        if not secret:
            return see("/login", problem="nowhere")
        return see(onward or HOME, cookie(secret, ctx.kernel("public_url")))

    @post("/logout", action=PUBLIC, include_in_schema=False)
    async def log_out(request: Asked) -> Response[str]:
        """End the session of this browser."""
        secret = secret_of(request.headers.get("cookie", ""), ctx.kernel("public_url"))
        await asyncio.to_thread(_end, ctx.role("directory"), secret, visit_of(request, ctx.now()))
        return see("/login", cookie("", ctx.kernel("public_url")))

    @post("/session/organisation", action="project:read", include_in_schema=False)
    async def move(request: Asked) -> Response[str]:
        """Let the session act for another organisation of the person."""
        form = await form_of(request)
        wanted = form.get("organisation", "")
        if request.user.session is None or not REF.fullmatch(wanted):
            raise Reject("no such organisation", status=404)
        await asyncio.to_thread(_move, ctx.role("directory"), request.user.session, int(request.user.id), wanted)
        return see(HOME)

    return [log_in, log_out, move]


def _begin(directory: Directory, user: User, visit: Visit, idle_days: float, old: str) -> str:
    """The secret of a new session, in the organisation the person was in last; empty where they have no place."""
    places = [place.organisation for place in directory.memberships(user.id)]
    known = directory.sessions(user.id)
    recent = (session.organisation for session in known)
    home = next((organisation for organisation in recent if organisation in places), places[0] if places else None)
    if home is None:
        return ""
    _end(directory, old, visit)
    for stale in (session for session in known if session.expires_at <= visit.at):
        directory.end_session(stale.id, audit_of(user, stale.organisation, "session.expire", visit))
    return begin(directory, user, home, visit, idle_days)


def _end(directory: Directory, secret: str, visit: Visit) -> None:
    session = directory.session(token_digest(secret)) if secret else None
    person = directory.user(session.user) if session is not None else None
    if session is not None and person is not None:
        directory.end_session(session.id, audit_of(person, session.organisation, "session.end", visit))


def _move(directory: Directory, session: int, user: int, ref: str) -> None:
    wanted = directory.organisation(ref)
    if wanted is None or all(place.organisation != wanted.id for place in directory.memberships(user)):
        raise Reject("no such organisation", status=404)
    directory.move_session(session, wanted.id)
