"""`amber user change`."""

from typing import Any, get_args

import click

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Role, User
from amber_auth.terminal import AS_JSON, ORGANISATION, choose_organisation, say

ROLE = click.Choice(get_args(Role))


@click.command("change")
@click.argument("email")
@click.option("--role", type=ROLE, help="What they may do in the organisation from now on.")
@click.option("--superuser/--no-superuser", default=None, help="Whether they look after the whole installation.")
@ORGANISATION
@AS_JSON
@click.pass_obj
def change_user(ctx: Context[Any], /, email: str, role: Role | None, superuser: bool | None, **where: Any) -> None:
    """Change what a person may do; the way back in where nobody who could is left."""
    directory: Directory = ctx.role("directory")
    person = known_user(directory, email)
    told: dict[str, object] = {"id": person.id, "email": person.email}
    if role is not None:
        home = choose_organisation(directory, where["organisation"])
        audit = AuditEntry(home.id, "cli", "member.change", person.email, ctx.now())
        told["role"] = directory.change_member(home.id, person.id, role, audit).role
    if superuser is not None:
        audit = AuditEntry(home_of(directory, person), "cli", "user.change", person.email, ctx.now())
        told["is_superuser"] = directory.change_user(person.id, {"is_superuser": superuser}, audit).is_superuser
    if len(told) == 2:
        raise Reject("nothing to change: give --role, --superuser or --no-superuser")
    say(told, where["as_json"], f"{person.email} is changed.")


def known_user(directory: Directory, email: str) -> User:
    """The person with this address; `Reject` says where to look when there is none."""
    found = directory.user_by_email(email)
    if found is None:
        raise Reject(f"nobody has the address {email!r}; `amber user list` shows who is known", status=404)
    return found


def home_of(directory: Directory, person: User) -> int:
    """The organisation whose audit log tells of a change to the person; 0 where they have no place."""
    return next((place.organisation for place in directory.memberships(person.id)), 0)
