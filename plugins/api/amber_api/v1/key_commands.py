"""`amber project key add | list | disable | enable`."""

from typing import Any

import click

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, ProjectKey, dsn
from amber_api.v1.terminal import AS_JSON, known_project, say


@click.group()
def key() -> None:
    """Make, list and switch project keys."""


@key.command()
@click.argument("project_ref", metavar="PROJECT")
@click.option("--label", default="made on the command line", show_default=True, help="What it is for.")
@AS_JSON
@click.pass_obj
def add(ctx: Context[Any], /, project_ref: str, label: str, as_json: bool) -> None:
    """Make a key for PROJECT (id or slug)."""
    directory: Directory = ctx.role("directory")
    home = known_project(directory, project_ref)
    audit = AuditEntry(home.organisation, "cli", "key.create", str(home.id), ctx.now(), after={"label": label})
    shown = described_key(ctx, directory.add_key(home.id, label, audit))
    say(shown, as_json, str(shown["dsn"]))


@key.command("list")
@click.argument("project_ref", metavar="PROJECT")
@AS_JSON
@click.pass_obj
def list_keys(ctx: Context[Any], /, project_ref: str, as_json: bool) -> None:
    """List the keys of PROJECT (id or slug)."""
    directory: Directory = ctx.role("directory")
    shown = [described_key(ctx, one) for one in directory.keys(known_project(directory, project_ref).id)]
    lines = [f"{one['public_key']}  {'on ' if one['is_active'] else 'off'}  {one['label']}" for one in shown]
    say(shown, as_json, "\n".join(lines))


@key.command()
@click.argument("public_key")
@AS_JSON
@click.pass_obj
def disable(ctx: Context[Any], /, public_key: str, as_json: bool) -> None:
    """Refuse whatever comes with PUBLIC_KEY from now on."""
    _switch(ctx, public_key, False, as_json)


@key.command()
@click.argument("public_key")
@AS_JSON
@click.pass_obj
def enable(ctx: Context[Any], /, public_key: str, as_json: bool) -> None:
    """Take what comes with PUBLIC_KEY again."""
    _switch(ctx, public_key, True, as_json)


def _switch(ctx: Context[Any], public_key: str, is_active: bool, as_json: bool) -> None:
    directory: Directory = ctx.role("directory")
    found = directory.key(public_key)
    if found is None:
        raise Reject(f"there is no key {public_key}; `amber project key list PROJECT` shows them", status=404)
    changed, home = found
    audit = AuditEntry(
        home.organisation, "cli", "key.change", str(changed.id), ctx.now(), after={"is_active": is_active}
    )
    shown = described_key(ctx, directory.change_key(changed.id, is_active, audit))
    say(shown, as_json, f"{public_key} is {'on' if is_active else 'off'}.")


def described_key(ctx: Context[Any], one: ProjectKey) -> dict[str, object]:
    """A key as the command line shows it."""
    address = dsn(ctx.kernel("public_url"), one.public_key, one.project)
    return {
        "id": one.id,
        "public_key": one.public_key,
        "label": one.label,
        "is_active": one.is_active,
        "dsn": address,
    }
