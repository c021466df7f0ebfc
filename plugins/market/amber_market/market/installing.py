"""Installs from an index: the bytes that are checked are the bytes that are installed."""

import asyncio
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Offer
from amber_market.index.rights import beyond
from amber_market.market.choosing import Choice, choose
from amber_market.market.config import Config
from amber_market.market.fetching import beside, fetch
from amber_market.market.shelves import shelves


async def install(ctx: Context[Config], agreed: Choice, audit: AuditEntry) -> Any:
    """Install what somebody agreed to, and answer what the kernel's installer says of it.

    The indexes are read anew, so that nothing withdrawn meanwhile is installed. Raises Reject or Retry with the reason;
    nothing is changed then.
    """
    fresh = await shelves(ctx).look(ctx, is_fresh=True)
    choice = choose(fresh, ctx.config, agreed.entry.name, agreed.release.version)
    if choice.consent != agreed.consent:
        raise Reject("the index says something else about this plugin now: look at it again", status=409)
    installer = ctx.kernel("installer")
    offer = await _offer(ctx, choice)
    for wrong in _objections(offer, choice):
        raise Reject(f"{choice.entry.title} {choice.release.version} is not installed: {wrong}", status=409)
    return await installer.install(offer, audit)


async def _offer(ctx: Context[Config], choice: Choice) -> Offer:
    """The wheel, fetched and held against the hash in the index, as the installer reads it."""
    release = choice.release
    wheel = await fetch(ctx, beside(choice.shelf.config.source, release.wheel), release.size)
    if (found := sha256(wheel).hexdigest()) != release.sha256:
        raise Reject(
            f"the wheel {release.filename} was swapped: its hash is {found}, and the index {choice.shelf.config.name}"
            f" says {release.sha256}",
            status=409,
        )
    folder = ctx.data / secrets.token_hex(8)
    file = await asyncio.to_thread(_put, folder, release.filename, wheel)
    try:
        offer: Offer = await ctx.kernel("installer").examine(file, sha256=release.sha256)
        return offer
    finally:
        await asyncio.to_thread(_clear, file)


def _put(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(mode=0o700)
    (folder / name).write_bytes(data)
    return folder / name


def _clear(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()


def _objections(offer: Offer, choice: Choice) -> Iterator[str]:
    """Where the wheel is not what the index says, and what nobody should want."""
    if canonicalize_name(offer.distribution) != canonicalize_name(choice.entry.distribution):
        yield f"its wheel is one of {offer.distribution}, not of {choice.entry.distribution}"
    shown = {entry.name: release.rights for entry, release in choice.together}
    for plugin in offer.plugins:
        if plugin.name not in shown:
            yield f"its wheel holds a plugin {plugin.name} as well, of which the index says nothing"
        elif more := beyond(plugin.rights, shown[plugin.name]):
            yield f"its wheel asks for more than the index says: {plugin.name} {'; '.join(more)}"
    if choice.entry.name not in {plugin.name for plugin in offer.plugins}:
        yield f"its wheel holds no plugin {choice.entry.name}"
    if offer.installed and Version(offer.version) < Version(offer.installed):
        yield (
            f"it would be a downgrade: {offer.installed} is installed; if you mean it, remove that first"
            f" (amber plugins remove {choice.entry.name})"
        )
