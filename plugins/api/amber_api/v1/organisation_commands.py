"""`amber org create | list`."""

from typing import Any

import click

from amber import Context
from amber.model import AuditEntry, Directory, Organisation, free_slug
from amber_api.v1.terminal import AS_JSON, say


@click.group("org")
def organisation() -> None:
    """Make and list organisations."""


@organisation.command()
@click.argument("name")
@click.option("--slug", default="", help="Without it, made from the name.")
@AS_JSON
@click.pass_obj
def create(ctx: Context[Any], /, name: str, slug: str, as_json: bool) -> None:
    """Make an organisation."""
    directory: Directory = ctx.role("directory")
    audit = AuditEntry(0, "cli", "organisation.create", name, ctx.now())
    free = free_slug(name, {one.slug for one in directory.organisations()}, "organisation")
    made = directory.add_organisation(slug or free, name, audit)
    say(_described(made), as_json, f"{made.slug} is organisation {made.id}")


@organisation.command("list")
@AS_JSON
@click.pass_obj
def list_organisations(ctx: Context[Any], /, as_json: bool) -> None:
    """List the organisations."""
    found = ctx.role("directory").organisations()
    lines = [f"{one.id:>4}  {one.slug}  {one.name}" for one in found]
    say([_described(one) for one in found], as_json, "\n".join(lines) or "No organisations yet.")


def _described(one: Organisation) -> dict[str, object]:
    return {"organisation_id": one.id, "slug": one.slug, "name": one.name}
