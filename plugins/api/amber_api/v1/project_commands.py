"""`amber project create | list`."""

from typing import Any

import click

from amber import Context
from amber.model import AuditEntry, Directory, Project, dsn
from amber_api.v1.key_commands import key
from amber_api.v1.naming import Wanted, add_project
from amber_api.v1.terminal import AS_JSON, ORGANISATION, choose_organisation, say


@click.group()
def project() -> None:
    """Make and list projects and their keys."""


project.add_command(key)


@project.command()
@click.argument("name")
@click.option("--slug", default="", help="Without it, made from the name.")
@click.option("--platform", default="other", show_default=True, help="Such as python or javascript.")
@ORGANISATION
@AS_JSON
@click.pass_obj
def create(ctx: Context[Any], /, name: str, slug: str, platform: str, **where: Any) -> None:
    """Make a project and print its DSN."""
    directory: Directory = ctx.role("directory")
    home = choose_organisation(directory, where["organisation"])
    audit = AuditEntry(home.id, "cli", "project.create", name, ctx.now(), after={"name": name, "platform": platform})
    made = add_project(directory, Wanted(name, slug, platform), audit)
    shown = described(ctx, made)
    say(shown, where["as_json"], f"{made.slug} is project {made.id}\n{shown['dsn']}")


@project.command("list")
@ORGANISATION
@AS_JSON
@click.pass_obj
def list_projects(ctx: Context[Any], /, organisation: str | None, as_json: bool) -> None:
    """List the projects with their DSNs."""
    directory: Directory = ctx.role("directory")
    found = directory.projects(choose_organisation(directory, organisation).id)
    shown = [described(ctx, one) for one in found]
    lines = [f"{one['project_id']:>4}  {one['slug']}  {one['dsn']}" for one in shown]
    say(shown, as_json, "\n".join(lines) or "No projects yet.")


def described(ctx: Context[Any], one: Project) -> dict[str, object]:
    """A project as the command line shows it, with its first key that works."""
    keys = ctx.role("directory").keys(one.id)
    public_key = next((key.public_key for key in keys if key.is_active), "")
    address = dsn(ctx.kernel("public_url"), public_key, one.id)
    return {"project_id": one.id, "slug": one.slug, "dsn": address, "public_key": public_key}
