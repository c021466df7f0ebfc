"""Who may change whom, for everything that offers such a change; each answers the sentence of refusal, or None."""

from collections.abc import Collection

from amber.model.people import Member, Principal, Role
from amber.model.scopes import GRANTS, SCOPES, reach

NEEDS_ADMIN = "this needs org:admin"
OWNERS = "only owners make and unmake owners"


def person_of(principal: Principal) -> int:
    """The id of the user who asks; 0, which nobody has, where it is no person."""
    return int(principal.id) if principal.kind == "user" and principal.id.isdecimal() else 0


def actor_of(principal: Principal) -> str:
    """How the audit log names who asks: `user:1`, `token:3`; what stands in no table by its name as well."""
    known = f"{principal.kind}:{principal.id}"
    return known if principal.id.isdecimal() or not principal.name else f"{known} ({principal.name})"


def may_set_role(actor_scopes: Collection[str], actor_id: int, member: Member, new_role: Role) -> str | None:
    """Whether the actor may give a member this role; `actor_id` is that of a user, 0 for a program."""
    if actor_id == member.user.id and _rank(new_role) > _rank(member.role):
        return "nobody raises their own role"
    return _about({member.role, new_role}, actor_scopes)


def may_remove(actor_scopes: Collection[str], actor_id: int, member: Member) -> str | None:
    """Whether the actor may take a member's place away; everybody may leave."""
    return None if actor_id == member.user.id else _about({member.role}, actor_scopes)


def may_invite(actor_scopes: Collection[str], role: Role) -> str | None:
    """Whether the actor may keep a place with this role for somebody; so may they withdraw it."""
    return _about({role}, actor_scopes)


def may_set_superuser(actor_scopes: Collection[str]) -> str | None:
    """Whether the actor may say who looks after the whole installation."""
    return None if "admin" in actor_scopes else "only a superuser makes and unmakes superusers"


def may_grant(actor_scopes: Collection[str], scopes: Collection[str]) -> str | None:
    """Whether the actor may give these scopes to a token."""
    return None if reach(scopes) <= reach(actor_scopes) else "a token cannot reach further than the one that makes it"


def _about(roles: Collection[Role], scopes: Collection[str]) -> str | None:
    held = reach(scopes)
    if "org:admin" not in held:
        return NEEDS_ADMIN
    return OWNERS if "owner" in roles and "org:owner" not in held else None


def _rank(role: Role) -> int:
    return SCOPES.index(GRANTS[role])
