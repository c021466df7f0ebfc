"""`amber user create | list`, and the step `amber up` takes at its first start."""

import sys
from typing import Any

import click

from amber import Context
from amber.model import AuditEntry, Directory, User
from amber_auth.password.bootstrap import bootstrap
from amber_auth.password.hashing import hash_password, new_password
from amber_auth.terminal import AS_JSON, ORGANISATION, choose_organisation, say

SHORTEST = 10
ROLES = ("owner", "admin", "member")


@click.group()
def user() -> None:
    """Make and list the people of an organisation."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True, help="What they may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up.")
@ORGANISATION
@AS_JSON
@click.pass_obj
def create(ctx: Context[Any], /, email: str, role: str, password_stdin: bool, **where: Any) -> None:
    """Add a person."""
    directory: Directory = ctx.role("directory")
    organisation = choose_organisation(directory, where["organisation"])
    password = _read_password() if password_stdin else new_password()
    wanted = User(0, organisation.id, _checked(email), "", role, hash_password(password), ctx.now())
    audit = AuditEntry(organisation.id, "cli", "user.create", email, ctx.now(), after={"role": role})
    made = directory.add_user(wanted, audit)
    shown = _described(made) | ({} if password_stdin else {"password": password})
    secret = "" if password_stdin else f"\npassword  {password}  (shown this once)"
    say(shown, where["as_json"], f"{made.email} is now {role} of {organisation.name}.{secret}")


@user.command("list")
@ORGANISATION
@AS_JSON
@click.pass_obj
def list_users(ctx: Context[Any], /, organisation: str | None, as_json: bool) -> None:
    """List the people."""
    directory: Directory = ctx.role("directory")
    found = directory.users(choose_organisation(directory, organisation).id)
    lines = [f"{one.id:>4}  {one.role:8}{one.email}" for one in found]
    say([_described(one) for one in found], as_json, "\n".join(lines) or "Nobody yet.")


@click.command("bootstrap", hidden=True)
@AS_JSON
@click.pass_obj
def first_start(ctx: Context[Any], /, as_json: bool) -> None:
    """Make the first organisation, project and owner where they are missing."""
    start = bootstrap(ctx)
    say(start, as_json, f"Project {start.slug} ({start.project_id}), key {start.public_key}")


def _checked(email: str) -> str:
    name, _, domain = email.partition("@")
    if not name or not domain or not email.isprintable() or " " in email or ":" in email:
        raise click.BadParameter(f"{email!r} is no e-mail address", param_hint="EMAIL")
    return email


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise click.BadParameter(f"a password has at least {SHORTEST} characters", param_hint="--password-stdin")
    return password


def _described(one: User) -> dict[str, object]:
    return {"id": one.id, "email": one.email, "role": one.role}
