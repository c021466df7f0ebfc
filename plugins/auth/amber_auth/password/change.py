"""How somebody who is logged in gets another password."""

from collections.abc import Mapping
from typing import Any

from amber import Context
from amber.errors import Denied
from amber.model import Directory, Principal
from amber_auth.browser import Visit, audit_of, begin
from amber_auth.password import rule
from amber_auth.password.done import Done, refused
from amber_auth.password.hashing import hash_password
from amber_auth.password.proof import proven


def change(ctx: Context[Any], principal: Principal, form: Mapping[str, str], visit: Visit) -> Done:
    """Set the form's `new` password where its `old` one is right.

    Every session of the person ends, and this browser gets a new one.
    """
    directory: Directory = ctx.role("directory")
    person = directory.user(int(principal.id))
    if person is None or principal.organisation is None:
        return Done(problem="wrong")
    try:
        proven({"email": person.email, "password": form.get("old", "")}, visit.client_ip, ctx)
    except Denied as denial:
        return refused(denial)
    new = form.get("new", "")
    if wrong := rule.fault(new, person.email):
        return Done(problem=wrong)
    audit = audit_of(person, principal.organisation, "user.password", visit)
    directory.change_user(person.id, {"password_hash": hash_password(new)}, audit)
    return Done(secret=begin(directory, person, principal.organisation, visit))
