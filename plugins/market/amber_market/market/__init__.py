"""Finds plugins in signed indexes, says what each may do, and installs what you choose."""

from collections.abc import Sequence

import click

from amber import Context, hookimpl
from amber.model import Offer, UiPage
from amber_market.market.commands import market
from amber_market.market.config import Config as Config
from amber_market.market.page import show
from amber_market.market.policy import objection
from amber_market.market.runs import runs
from amber_market.market.shelves import shelves


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber market …`."""
    return [market]


@hookimpl
async def admit_offer(offer: Offer, ctx: Context[Config]) -> str | None:
    """What `[plugins.market] require` says about it."""
    return await objection(offer, ctx)


@hookimpl
def ui_pages(ctx: Context[Config]) -> Sequence[UiPage]:
    """The market, for those who look after the installation."""
    admin = "admin"
    return [UiPage("browse", "Market", show, "installation", admin, admin, icon="market", order=20)]


@hookimpl
async def plugin_stop(ctx: Context[Config]) -> None:
    """Let go of indexes on their way; finish what is being installed."""
    shelves(ctx).close()
    await runs(ctx).finish()
