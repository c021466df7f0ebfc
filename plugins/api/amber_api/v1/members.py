"""`/members`: the people of the organisation, and what each may do."""

from typing import Annotated

from litestar import delete, get, patch
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.model import (
    Member,
    Role,
    may_remove,
    may_set_role,
    may_set_superuser,
    person_of,
    rfc3339,
)
from amber_api.v1.paths import UserPath
from amber_api.v1.query import invalid
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller, allowed


class MemberItem(Struct, frozen=True):
    """A person with their place in the organisation; `id` is the user's."""

    id: str
    email: str
    name: str
    role: Role
    is_superuser: bool
    joined_at: str


class MemberPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a member."""

    role: Role | UnsetType = UNSET
    is_superuser: Annotated[bool, Meta(description="Looks after the whole installation")] | UnsetType = UNSET


@get("/members", action="project:read", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def list_members(tenant: Caller) -> Listing[MemberItem]:
    """Everybody in the organisation."""
    return listing(tenant.members(), _shown)


@patch("/members/{user:str}", action="org:admin", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def change_member(tenant: Caller, user: UserPath, data: JSONBody[MemberPatch]) -> MemberItem:
    """Change a role; only owners make and unmake owners, and nobody raises their own role."""
    if data.role is UNSET and data.is_superuser is UNSET:
        invalid("role", "give a role, is_superuser or both", "body")
    known, scopes = tenant.member(user), tenant.principal.scopes
    if data.role is not UNSET:
        allowed(may_set_role(scopes, person_of(tenant.principal), known, data.role))
    if data.is_superuser is not UNSET:
        allowed(may_set_superuser(scopes))
    if data.role is not UNSET and data.role != known.role:
        audit = tenant.audit("member.change", known.user.email, {"role": data.role})
        tenant.directory.change_member(tenant.organisation, known.user.id, data.role, audit)
    if data.is_superuser is not UNSET and data.is_superuser != known.user.is_superuser:
        flag = {"is_superuser": data.is_superuser}
        tenant.directory.change_user(known.user.id, flag, tenant.audit("user.change", known.user.email, flag))
    return _shown(tenant.member(user))


@delete("/members/{user:str}", action="project:read", tags=["people"], responses=PROBLEMS, sync_to_thread=True)
def remove_member(tenant: Caller, user: UserPath) -> None:
    """Take a place away, with the person's sessions and teams there; everybody may leave but the last owner."""
    known = tenant.member(user)
    allowed(may_remove(tenant.principal.scopes, person_of(tenant.principal), known))
    audit = tenant.audit("member.remove", known.user.email)
    tenant.directory.remove_member(tenant.organisation, known.user.id, audit)


def _shown(one: Member) -> MemberItem:
    person = one.user
    return MemberItem(str(person.id), person.email, person.name, one.role, person.is_superuser, rfc3339(one.joined_at))


HANDLERS = (list_members, change_member, remove_member)
