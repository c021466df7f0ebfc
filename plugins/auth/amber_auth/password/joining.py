"""How an invitation becomes a place in an organisation."""

from collections.abc import Mapping
from typing import Any

from amber import Context
from amber.errors import Denied, Reject
from amber.model import AuditEntry, Directory, Invitation, User, token_digest
from amber_auth.browser import Visit, begin
from amber_auth.password import rule
from amber_auth.password.done import Done, refused
from amber_auth.password.hashing import hash_password
from amber_auth.password.proof import proven

LONGEST_NAME = 100


def join(ctx: Context[Any], secret: str, form: Mapping[str, str], visit: Visit) -> Done:
    """Use the invitation up.

    A new person sets the form's `password`; one who is known proves theirs, since the secret of an invitation must
    never open an account that is somebody's already.
    """
    directory: Directory = ctx.role("directory")
    digest = token_digest(secret)
    invitation = directory.invitation(digest)
    if invitation is None or invitation.expires_at <= visit.at:
        return Done(problem="gone")
    known = directory.user_by_email(invitation.email)
    if known is None and (wrong := rule.fault(form.get("password", ""), invitation.email)):
        return Done(problem=wrong)
    try:
        person = _newcomer(invitation, form, visit) if known is None else _proven(ctx, known, form, visit)
        return _accepted(directory, digest, invitation, person, visit)
    except Denied as denial:
        return refused(denial)
    except Reject as refusal:
        if refusal.status not in (404, 409):
            raise
        return Done(problem="gone")


def _newcomer(invitation: Invitation, form: Mapping[str, str], visit: Visit) -> User:
    name = "".join(letter for letter in form.get("name", "").strip() if letter.isprintable())[:LONGEST_NAME]
    return User(0, invitation.email, name, hash_password(form.get("password", "")), visit.at)


def _proven(ctx: Context[Any], known: User, form: Mapping[str, str], visit: Visit) -> User:
    return proven({"email": known.email, "password": form.get("password", "")}, visit.client_ip, ctx)


def _accepted(directory: Directory, digest: bytes, invitation: Invitation, person: User, visit: Visit) -> Done:
    home = invitation.organisation
    audit = AuditEntry(
        home,
        f"user:{person.id}" if person.id else invitation.email,
        "invitation.accept",
        invitation.email,
        visit.at,
        after={"role": invitation.role},
        client_ip=visit.client_ip,
    )
    member = directory.accept_invitation(digest, person, audit)
    if member.user.password_hash != person.password_hash:
        return Done(problem="taken")  # somebody made the account a moment ago: only its owner may go in
    return Done(secret=begin(directory, member.user, home, visit))
