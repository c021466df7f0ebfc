"""`amber plugins install | upgrade | remove | purge`."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from packaging.version import Version

from amber.errors import Reject
from amber.model import AuditEntry, Offer, rights_words

if TYPE_CHECKING:
    from amber.cli.switching import Beside
    from amber.installing import Installed, Installer
    from amber.installing.traces import Traces

YES = click.option("--yes", is_flag=True, help="Ask nothing: what is shown is agreed to.")


@click.command()
@click.argument("source")
@YES
def install(source: str, yes: bool, data: Path, config: Path | None) -> None:
    """Install a plugin and start it, without a restart: SOURCE is a wheel, a project's folder or a name for pip.

    Its rights are shown first, and nothing of it runs before they are agreed to.
    """
    _run(_install(source, yes, data, config))


@click.command()
@click.argument("name")
@click.option("--from", "source", help="Wheel, folder or requirement; the newest that pip finds if not given.")
@YES
def upgrade(name: str, source: str | None, yes: bool, data: Path, config: Path | None) -> None:
    """Put a newer version in a plugin's place, without a restart; rights it did not have before are shown first."""
    from amber.installing import site

    if (owner := site.owners().get(name)) is None:
        raise Reject(f"there is no plugin {name!r} to upgrade: `amber plugins` lists those there are", status=404)
    _run(_install(source or owner, yes, data, config, upgraded=name))


@click.command()
@click.argument("name")
@YES
def remove(name: str, yes: bool, data: Path, config: Path | None) -> None:
    """Uninstall a plugin, once it has finished what it has in hand; all that it kept stays: tables, settings, secrets,
    targets, its places in the streams and what waits for it there.
    """
    _run(_remove(name, yes, data, config))


@click.command()
@click.argument("name")
@YES
def purge(name: str, yes: bool, data: Path, config: Path | None) -> None:
    """Drop all that a plugin keeps which is switched off or removed, for good: tables, files, settings and secrets,
    targets, what waits for it and its dead letters. The audit log and what it added to stored events stay.
    """
    _run(_purge(name, yes, data, config))


def _run(work: Coroutine[Any, Any, None]) -> None:
    logging.getLogger("amber").setLevel(logging.CRITICAL)  # why something failed is said once, as the command's answer
    asyncio.run(work)


COMMANDS = (install, upgrade, remove, purge)


async def _install(source: str, yes: bool, data: Path, config: Path | None, *, upgraded: str = "") -> None:
    from amber.cli.switching import beside

    async with beside(data, config, is_storing=True) as here:
        installer = _installer(here)
        offer = await installer.examine(source)
        if upgraded:
            _check_upgrade(offer, upgraded)
        for line in words_of(offer):
            click.echo(line)
        _agree(yes, f"Put {offer.version} in the place of {offer.installed}?" if offer.installed else "Install it?")
        try:
            standing = await installer.install(offer, here.audit("plugin.install", offer.distribution))
        except asyncio.CancelledError:
            click.echo("Everything is as it was.", err=True)
            raise
    for one in standing:
        click.echo(_outcome(one))


def _check_upgrade(offer: Offer, name: str) -> None:
    """Raise Reject for what is another plugin's, or older than what is there."""
    if name not in {plugin.name for plugin in offer.plugins}:
        raise Reject(f"{offer.distribution} {offer.version} holds no plugin {name}: nothing was changed", status=409)
    if Version(offer.version) < Version(offer.installed):
        mend = f"`amber plugins install {offer.source}` puts it there if you mean it"
        raise Reject(f"{offer.version} is older than {offer.installed}, so nothing was changed: {mend}", status=409)


class Errands:
    """What plugins' commands reach as `ctx.kernel("installer")`: what changes something stands beside the running Amber
    by itself, since such a command has no bus and no loop of its own.
    """

    def __init__(self, data: Path, config: Path | None) -> None:
        self._data, self._config = data, config

    async def examine(self, source: "str | Path", sha256: str = "") -> Offer:
        """As `Installer.examine`, which needs nothing of an Amber."""
        from amber.installing import examine

        return await asyncio.to_thread(examine, source, self._data / "wheels", sha256)

    async def read(self, source: "str | Path", folder: Path) -> Offer:
        """As `Installer.read`."""
        from amber.installing import read

        return await asyncio.to_thread(read, source, folder)

    async def install(self, offer: Offer, audit: AuditEntry) -> "list[Installed]":
        """As `Installer.install`; noted where the deeds of the whole installation are."""
        from amber.cli.switching import beside

        async with beside(self._data, self._config, is_storing=True) as here:
            return await _installer(here).install(offer, here.audit(audit.action, audit.subject))


def _installer(here: "Beside") -> "Installer":
    from amber.installing import Installer

    return Installer(here.kernel, here.switchboard, here.file)


def words_of(offer: Offer) -> list[str]:
    """An offer as people should see it before they agree: what it is, what it may do, what it brings along."""
    lines = [f"{offer.distribution} {offer.version}, sha256 {offer.sha256}"]
    for plugin in offer.plugins:
        lines += [f"  {plugin.title} ({plugin.name}, {plugin.stability}): {plugin.summary}"]
        words = rights_words(plugin.new_rights)
        lead, nothing = ("may now also", "no new right") if offer.installed else ("may", "answer questions, no more")
        lines.append(f"    {lead}: {'; '.join(words) or nothing}")
        if plugin.inside:
            lines.append(f"    must run inside Amber's own processes, for {', '.join(plugin.inside)}")
    return [*lines, *([f"  brings along: {', '.join(offer.brings)}"] if offer.brings else [])]


def _agree(yes: bool, question: str) -> None:
    if not yes and not click.confirm(question):
        raise Reject("nothing was changed")


def _outcome(one: "Installed") -> str:
    return f"Plugin {one.plugin} is {one.state}{f': {one.reason}' if one.reason else ''}."


async def _remove(name: str, yes: bool, data: Path, config: Path | None) -> None:
    from amber.cli.switching import beside
    from amber.installing.leaving import leaving

    going = leaving(name)
    _agree(yes, f"Uninstall {going.distribution} {going.version} with {_listed('plugin', going.plugins)}?")
    async with beside(data, config) as here:
        await _installer(here).remove(name, here.audit("plugin.remove", name))
    click.echo(
        f"{going.distribution} is gone. What it kept (tables, settings, secrets, targets, what waits for it) is still"
        f" there: `amber plugins purge {name}` drops it."
    )


async def _purge(name: str, yes: bool, data: Path, config: Path | None) -> None:
    from amber.cli.switching import beside

    async with beside(data, config) as here:
        installer = _installer(here)
        click.echo(f"What {name} keeps: {', '.join(words_for(await installer.kept_by(name)))}")
        _agree(yes, f"Drop all that {name} has kept? It cannot be brought back.")
        await installer.purge(name, here.audit("plugin.purge", name))
    click.echo(f"Nothing of what {name} kept is left.")


def words_for(kept: "Traces") -> list[str]:
    """What a purge takes away, as people should see it before they agree."""
    counted = {"dead letter": kept.letters, "target": kept.targets, "waiting message": kept.waiting}
    told = [f"{number} {what}{'s' if number > 1 else ''}" for what, number in counted.items() if number]
    told += ["its settings"] if kept.settings else []
    named = [_listed(what, names) for what, names in (("table", kept.tables), ("consumer", kept.consumers)) if names]
    return [*named, *told, "its files, its table in amber.toml and its switch"]


def _listed(what: str, names: Sequence[str]) -> str:
    return f"the {what}{'s' if len(names) > 1 else ''} {', '.join(names)}"
