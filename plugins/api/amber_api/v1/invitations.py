"""`/invitations`: places in the organisation kept for people who are to come."""

import secrets
from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from amber.model import Invitation, Role, may_invite, rfc3339, token_digest
from amber_api.v1.paths import InvitationPath
from amber_api.v1.query import END
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller, allowed, existing

GOOD_FOR = 7 * 86_400.0
"""Seconds."""
Email = Annotated[str, Meta(max_length=254, pattern=rf"^[^@\s:\x00-\x1f\x7f]+@[^@\s:\x00-\x1f\x7f]+{END}")]


class InvitationItem(Struct, frozen=True):
    """An open invitation."""

    id: str
    email: str
    role: Role
    invited_by: str
    created_at: str
    expires_at: str


class MadeInvitation(InvitationItem, frozen=True, kw_only=True):
    """An invitation that was just made; its link is shown this once and lets whoever has it in."""

    link: str


class NewInvitation(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite."""

    email: Email
    role: Role = "member"


@get("/invitations", action="org:admin", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def list_invitations(tenant: Caller) -> Listing[InvitationItem]:
    """Invitations nobody took up yet, expired ones too."""
    return listing(tenant.directory.invitations(tenant.organisation), _shown)


@post("/invitations", action="org:admin", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def create_invitation(tenant: Caller, data: JSONBody[NewInvitation]) -> MadeInvitation:
    """Invite somebody; an older invitation of the same address is worth nothing any more."""
    allowed(may_invite(tenant.principal.scopes, data.role))
    secret = secrets.token_urlsafe(32)
    until = tenant.now + GOOD_FOR
    wanted = Invitation(0, tenant.organisation, data.email, data.role, tenant.principal.name, tenant.now, until)
    audit = tenant.audit("invitation.create", data.email, {"role": data.role})
    made = _shown(tenant.directory.add_invitation(wanted, token_digest(secret), audit))
    link = f"{tenant.kernel('public_url')}/invitation/{secret}"
    return MadeInvitation(*(getattr(made, field) for field in InvitationItem.__struct_fields__), link=link)


@delete("/invitations/{invitation:str}", action="org:admin", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def withdraw_invitation(tenant: Caller, invitation: InvitationPath) -> None:
    """Make an invitation worthless."""
    every = tenant.directory.invitations(tenant.organisation)
    known = existing(next((one for one in every if str(one.id) == invitation), None), "invitation")
    allowed(may_invite(tenant.principal.scopes, known.role))
    tenant.directory.withdraw_invitation(known.id, tenant.audit("invitation.withdraw", known.email))


def _shown(one: Invitation) -> InvitationItem:
    made, until = rfc3339(one.created_at), rfc3339(one.expires_at)
    return InvitationItem(str(one.id), one.email, one.role, one.invited_by, made, until)


HANDLERS = (list_invitations, create_invitation, withdraw_invitation)
