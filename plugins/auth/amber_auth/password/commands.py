"""`amber user create | list | change | password | remove`, and the step `amber up` takes at its first start."""

import sys
from typing import Any

import click
from msgspec.structs import replace

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Member, Role, User
from amber_auth.password import rule
from amber_auth.password.bootstrap import bootstrap
from amber_auth.password.change_command import ROLE, change_user, home_of, known_user
from amber_auth.password.hashing import hash_password, new_password
from amber_auth.terminal import AS_JSON, ORGANISATION, choose_organisation, say

STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up."
)


@click.group()
def user() -> None:
    """Make, list, change and remove people."""


user.add_command(change_user)


@user.command()
@click.argument("email")
@click.option("--role", type=ROLE, default="member", show_default=True, help="What they may do.")
@click.option("--superuser", is_flag=True, help="They look after the whole installation besides.")
@STDIN
@ORGANISATION
@AS_JSON
@click.pass_obj
def create(ctx: Context[Any], /, email: str, role: Role, **how: Any) -> None:
    """Give a person a place in an organisation; somebody who is known already keeps their password."""
    directory: Directory = ctx.role("directory")
    home = choose_organisation(directory, how["organisation"])
    known = directory.user_by_email(_checked(email))
    password = "" if known is not None else _password(how["password_stdin"], email)
    audit = AuditEntry(home.id, "cli", "member.create", email, ctx.now(), after={"role": role})
    person = known or _added(directory, User(0, email, "", hash_password(password), ctx.now()), audit)
    made = directory.add_member(home.id, person.id, role, audit)
    if how["superuser"]:
        made = replace(made, user=_raised(directory, person, audit))
    is_told = bool(password) and not how["password_stdin"]
    shown = _described(made) | ({"password": password} if is_told else {})
    say(shown, how["as_json"], f"{email} is now {role} of {home.name}.{_shown_once(password) if is_told else ''}")


@user.command("list")
@ORGANISATION
@AS_JSON
@click.pass_obj
def list_users(ctx: Context[Any], /, organisation: str | None, as_json: bool) -> None:
    """List the people of an organisation."""
    directory: Directory = ctx.role("directory")
    found = directory.members(choose_organisation(directory, organisation).id)
    lines = [f"{one.user.id:>4}  {_rank(one):17}{one.user.email}" for one in found]
    say([_described(one) for one in found], as_json, "\n".join(lines) or "Nobody yet.")


@user.command("password")
@click.argument("email")
@STDIN
@AS_JSON
@click.pass_obj
def change_password(ctx: Context[Any], /, email: str, password_stdin: bool, as_json: bool) -> None:
    """Give a person a new password; every browser they are logged in with is logged out."""
    directory: Directory = ctx.role("directory")
    person = known_user(directory, email)
    password = _password(password_stdin, person.email)
    audit = AuditEntry(home_of(directory, person), "cli", "user.password", person.email, ctx.now())
    directory.change_user(person.id, {"password_hash": hash_password(password)}, audit)
    shown: dict[str, object] = {"id": person.id, "email": person.email}
    if not password_stdin:
        shown["password"] = password
    secret = "" if password_stdin else _shown_once(password)
    say(shown, as_json, f"{person.email} has a new password.{secret}")


@user.command()
@click.argument("email")
@ORGANISATION
@AS_JSON
@click.pass_obj
def remove(ctx: Context[Any], /, email: str, organisation: str | None, as_json: bool) -> None:
    """Take a person's place in an organisation away, with their sessions and teams there."""
    directory: Directory = ctx.role("directory")
    home, person = choose_organisation(directory, organisation), known_user(directory, email)
    if all(place.organisation != home.id for place in directory.memberships(person.id)):
        raise Reject(f"{person.email} has no place in {home.name}; `amber user list` shows who has", status=404)
    audit = AuditEntry(home.id, "cli", "member.remove", person.email, ctx.now())
    directory.remove_member(home.id, person.id, audit)
    say({"id": person.id, "email": person.email}, as_json, f"{person.email} has no place in {home.name} any more.")


@click.command("bootstrap", hidden=True)
@AS_JSON
@click.pass_obj
def first_start(ctx: Context[Any], /, as_json: bool) -> None:
    """Make the first organisation, project and owner where they are missing."""
    start = bootstrap(ctx)
    say(start, as_json, f"Project {start.slug} ({start.project_id}), key {start.public_key}")


def _added(directory: Directory, wanted: User, audit: AuditEntry) -> User:
    return directory.add_user(wanted, replace(audit, action="user.create", after={}))


def _raised(directory: Directory, person: User, audit: AuditEntry) -> User:
    raised = {"is_superuser": True}
    return directory.change_user(person.id, raised, replace(audit, action="user.change", after=raised))


def _checked(email: str) -> str:
    name, _, domain = email.partition("@")
    if not name or not domain or not email.isprintable() or " " in email or ":" in email:
        raise click.BadParameter(f"{email!r} is no e-mail address", param_hint="EMAIL")
    return email


def _password(is_given: bool, email: str) -> str:
    """The password on standard input, or one that is made up."""
    if not is_given:
        return new_password()
    password = sys.stdin.readline().rstrip("\r\n")
    if wrong := rule.fault(password, email):
        raise click.BadParameter(rule.SENTENCES[wrong], param_hint="--password-stdin")
    return password


def _shown_once(password: str) -> str:
    return f"\npassword  {password}  (shown this once)"


def _rank(one: Member) -> str:
    return f"{one.role}, superuser" if one.user.is_superuser else one.role


def _described(one: Member) -> dict[str, object]:
    return {"id": one.user.id, "email": one.user.email, "role": one.role, "is_superuser": one.user.is_superuser}
