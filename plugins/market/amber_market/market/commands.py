"""`amber market search | show | install`: using the indexes that amber.toml names."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import click
import msgspec

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry
from amber_market.index.finding import found
from amber_market.index.rights import in_words
from amber_market.index.shape import Entry
from amber_market.market.choosing import Choice, choose
from amber_market.market.config import Config
from amber_market.market.installing import install
from amber_market.market.making import MAKING
from amber_market.market.shelves import Shelf, shelves

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def market() -> None:
    """Plugins in signed indexes: find and install them, or make an index."""


for _command in MAKING:
    market.add_command(_command)


@market.command()
@click.argument("words", nargs=-1)
@click.option("--family", default="", help="Only those of a family, such as integrations.")
@AS_JSON
@click.pass_obj
def search(ctx: Context[Config], /, words: Sequence[str], family: str, as_json: bool) -> None:
    """List the plugins of the indexes of which every word is said; all without one."""
    read = _read(ctx)
    for shelf in read:
        if shelf.refusal:
            click.echo(f"amber: {plain(shelf.refusal)}", err=True)
    fit = [
        (shelf, entry)
        for shelf in read
        if shelf.index is not None
        for entry in found(shelf.index.entries, " ".join(words), family)
    ]
    if as_json:
        click.echo(msgspec.json.encode([{"index": one.config.name, "plugin": entry} for one, entry in fit]).decode())
        return
    for shelf, entry in fit:
        newest = entry.versions[0]
        place = shelf.config.name if shelf.is_signed else f"{shelf.config.name}, not signed"
        click.echo(f"{entry.name} {newest.version} ({', '.join(filter(None, (newest.tier.name, place)))})")
        click.echo(f"  {plain(entry.summary)}")
    if not fit:
        click.echo("No plugin fits.")


@market.command()
@click.argument("name")
@click.option("--version", default="", help="Another version than the newest that runs here.")
@AS_JSON
@click.pass_obj
def show(ctx: Context[Config], /, name: str, version: str, as_json: bool) -> None:
    """Show a plugin: what it is, what it may do, how well it was tested, and where it comes from."""
    choice = choose(_read(ctx), ctx.config, name, version)
    if as_json:
        told = {"index": choice.shelf.config.name, "is_signed": choice.shelf.is_signed, "plugin": choice.entry}
        click.echo(msgspec.json.encode(told | {"release": choice.release}).decode())
        return
    for line in _lines(choice):
        click.echo(plain(line))


@market.command("install")
@click.argument("name")
@click.option("--version", default="", help="Another version than the newest that runs here.")
@click.option("--yes", is_flag=True, help="Grant the rights it asks for without being asked.")
@click.pass_obj
def install_command(ctx: Context[Config], /, name: str, version: str, yes: bool) -> None:
    """Install a plugin from the first index that lists it, once you agree to the rights it asks for."""
    choice = choose(_read(ctx), ctx.config, name, version)
    for line in _lines(choice):
        click.echo(plain(line))
    if not yes and not click.confirm("Install it?"):
        raise Reject("nothing was changed")
    audit = AuditEntry(0, "cli", "plugin.install", f"plugin:{name}", ctx.now())
    for one in asyncio.run(install(ctx, choice, audit)):
        click.echo(
            f"Plugin {one.plugin} {choice.release.version} is {one.state}{f': {one.reason}' if one.reason else ''}."
        )


def _read(ctx: Context[Config]) -> Sequence[Shelf]:
    """The indexes as they are now."""
    if not ctx.config.indexes:
        raise Reject(
            "no index is named: write one into amber.toml\n\n  [[plugins.market.indexes]]\n"
            '  name = "…"\n  source = "https://…/index.json"\n  key = "ed25519:…"'
        )
    ctx.log.setLevel(logging.CRITICAL)  # why an index is not believed is said once, as the command's answer
    return asyncio.run(shelves(ctx).look(ctx, is_fresh=True))


def _lines(choice: Choice) -> Iterator[str]:
    entry, release, shelf = choice.entry, choice.release, choice.shelf
    yield f"{entry.title} {release.version} ({entry.name}, of {entry.distribution})"
    yield f"  {entry.summary}"
    yield f"  From: {shelf.config.name}{'' if shelf.is_signed else ', an index that is not signed'}"
    yield f"  Tested: {release.tier.name or 'no tier'}{''.join(f'; {one}' for one in release.tier.reasons)}"
    if release.requires:
        yield f"  Needs: {', '.join(release.requires)}"
    for other, its in choice.together:
        yield f"  {other.title} {_may(other, its.rights)}"


def _may(entry: Entry, rights: Any) -> str:
    said = in_words(rights)
    return "; ".join(said) if said else "may do nothing beyond answering what it is asked"


def plain(text: str) -> str:
    """A line of a terminal that holds nothing but what can be read: an index must not steer the terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
