"""The market in the console: a list to search, a page for each plugin, and the form that installs it."""

from urllib.parse import quote

from amber import Context
from amber.errors import Reject
from amber.model import Fragment, Redirect, SettingPlace, Shown, UiRequest
from amber_market.market.choosing import choose
from amber_market.market.config import Config
from amber_market.market.pictures import picture
from amber_market.market.runs import runs
from amber_market.market.shelves import Shelf, shelves
from amber_market.market.views import Installed, detail, listing, sentence

PATIENCE = 5.0
"""Seconds a page waits for indexes."""


async def show(request: UiRequest, ctx: Context[Config]) -> Shown:
    """The list; with a name in the address that plugin, and what became of installing it."""
    if request.form is not None:
        return await _sent(request, ctx)
    found = await shelves(ctx).look(ctx, patience=PATIENCE)
    match request.rest:
        case ():
            return _listing(request, ctx, found)
        case (name,):
            return _detail(request, ctx, found, name)
        case (name, "screenshots", number) if number.isdecimal() and number.isascii():
            return await _picture(ctx, found, name, int(number[:3]))
    raise Reject("There is no such page.", status=404)


async def _sent(request: UiRequest, ctx: Context[Config]) -> Shown:
    """Read the indexes again, or begin to install what somebody agreed to."""
    if not request.rest:
        await shelves(ctx).look(ctx, is_fresh=True, patience=PATIENCE)
        return Redirect(request.path)
    name = request.rest[0]
    choice = choose(await shelves(ctx).look(ctx, patience=PATIENCE), ctx.config, name, request.value("version"))
    here = f"{request.path}/{quote(name)}"
    if request.value("consent") != choice.consent:
        return Redirect(f"{here}?changed=yes")
    audit = request.audit("plugin.install", f"plugin:{name}", {"version": choice.release.version})
    runs(ctx).begin(ctx, choice, audit)
    return Redirect(here)


def _listing(request: UiRequest, ctx: Context[Config], found: list[Shelf]) -> Fragment:
    words, family = request.query.get("q", "")[:200], request.query.get("family", "")[:40]
    return ctx.render(
        "market.html",
        path=request.path,
        sentence=sentence,
        config=ctx.config,
        shelves=found,
        words=words,
        family=family,
        may_change=request.may("admin"),
        **{"list": listing(found, ctx.config, words, family, installed(ctx))},
    )


def _detail(request: UiRequest, ctx: Context[Config], found: list[Shelf], name: str) -> Fragment:
    return ctx.render(
        "plugin.html",
        path=request.path,
        sentence=sentence,
        its=detail(found, ctx.config, name, installed(ctx)),
        run=runs(ctx).of(name),
        is_settable=_is_settable(ctx, name, SettingPlace()),
        is_theirs=request.may("org:admin") and _is_settable(ctx, name, SettingPlace(request.organisation)),
        has_changed="changed" in request.query,
        may_change=request.may("admin"),
    )


def _is_settable(ctx: Context[Config], name: str, place: SettingPlace) -> bool:
    """Whether there is anything to set for a plugin in this place; its switch is such a thing."""
    return any(form.plugin == name for form in ctx.kernel("settings").forms(place))


async def _picture(ctx: Context[Config], found: list[Shelf], name: str, number: int) -> Shown:
    its = detail(found, ctx.config, name, {})
    if number >= len(its.pictures):
        raise Reject("There is no such screenshot.", status=404)
    return await picture(ctx, its.choice.shelf.config, its.pictures[number])


def installed(ctx: Context[Config]) -> Installed:
    """The kernel's report of what is installed, by name."""
    return {row["name"]: row for row in ctx.kernel("plugins")() if row["version"]}
