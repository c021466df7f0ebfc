"""What may be installed here: the administrator's choice, held against every offer."""

from collections.abc import Sequence

from amber import Context
from amber.model import Offer
from amber_market.market.choosing import believed
from amber_market.market.config import Config
from amber_market.market.shelves import Shelf, shelves

WANTED = {"listed": "an index lists", "signed": "a signed index lists"}


async def objection(offer: Offer, ctx: Context[Config]) -> str | None:
    """Why this may not be installed here, and what to do about it; None where nothing is against it."""
    if ctx.config.require == "any":
        return None
    found = await shelves(ctx).look(ctx)
    if not _is_listed(offer, found, ctx.config):
        found = await shelves(ctx).look(ctx, is_fresh=True)  # it may have been added a moment ago
    if _is_listed(offer, found, ctx.config):
        return None
    unread = "".join(f"; {shelf.refusal}" for shelf in found if shelf.refusal)
    return (
        f"{offer.distribution} {offer.version} may not be installed: [plugins.market] require ="
        f' "{ctx.config.require}" in amber.toml allows only what {WANTED[ctx.config.require]}, and none lists this very'
        f" wheel{unread}. List it in an index of your own (amber market build), or write require ="
        ' "any" to install whatever you name'
    )


def _is_listed(offer: Offer, found: Sequence[Shelf], config: Config) -> bool:
    return any(
        release.sha256 == offer.sha256
        for _, index in believed(found, config)
        for entry in index.entries
        for release in entry.versions
    )
