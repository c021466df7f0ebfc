"""`/people/invitations`: places kept for people who are not here yet."""

import secrets
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from amber.errors import Reject
from amber.model import Invitation, may_invite, token_digest
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import email_fault, refuse
from amber_console.home.settings.people import draw_people, role_of
from amber_console.home.visitor import found

LASTS = 7 * 86_400.0
"""Seconds an invitation holds."""


@post("/people/invitations", action="org:admin", status_code=200, sync_to_thread=True)
def invite(asked: Ask) -> Response[Any]:
    """Keep a place for an address; its link is in this answer and nowhere else."""
    try:
        secret = _invite(asked)
    except Reject as refusal:
        return draw_people(asked, asked.form, refusal)
    return draw_people(asked, link=f"{asked.visitor.kernel('public_url').rstrip('/')}/invitation/{secret}")


@post("/people/invitations/{invitation:int}/withdraw", action="org:admin", sync_to_thread=True)
def withdraw(asked: Ask, invitation: FromPath[int]) -> Response[Any]:
    """Make an invitation worthless."""
    visitor = asked.visitor
    every = visitor.directory.invitations(visitor.organisation_id)
    known = found(next((one for one in every if one.id == invitation), None), "invitation")
    fault = may_invite(visitor.scopes, known.role)
    if fault is not None:
        raise Reject(fault, status=403)
    visitor.directory.withdraw_invitation(known.id, visitor.audit("invitation.withdraw", known.email))
    return go("/people?done=withdrawn#invitations")


def _invite(asked: Asked) -> str:
    visitor, email, role = asked.visitor, asked.form.text("email"), role_of(asked.form)
    refuse({"email": email_fault(email), "role": may_invite(visitor.scopes, role) or ""})
    secret, now = secrets.token_urlsafe(32), visitor.now
    wanted = Invitation(0, visitor.organisation_id, email, role, visitor.name, now, now + LASTS)
    audit = visitor.audit("invitation.create", email, {"role": role})
    visitor.directory.add_invitation(wanted, token_digest(secret), audit)
    return secret


HANDLERS = (invite, withdraw)
