"""Which wheel a name means, what saying yes to it means, and what the administrator's rule allows."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from amber import Context
from amber.errors import Reject
from amber.model import Offer
from amber_market import market
from amber_market.market import Config
from amber_market.market.choosing import choose
from amber_market.market.shelves import shelves

pytestmark = pytest.mark.anyio


async def chosen(ctx: Context[Config], name: str = "slack", version: str = "") -> Any:
    return choose(await shelves(ctx).look(ctx), ctx.config, name, version)


def offer(release: Any) -> Offer:
    return Offer("./x.whl", "amber-slack", release.version, Path("x.whl"), release.sha256, (), ())


async def test_the_first_index_that_lists_a_plugin_decides(stall: Any, shop: Any) -> None:
    # "dependency confusion": somebody else's index offers a higher version under the same name
    stall.publish(stall.index(stall.entry(stall.release("1.0"))), stall.key)
    stall.publish(stall.index(stall.entry(stall.release("9.9")), name="others"), stall.other, file="others.json")
    ctx = shop(stall.config(), stall.config(stall.other, "others", "others.json"))
    choice = await chosen(ctx)
    assert (choice.shelf.config.name, choice.release.version) == ("plugins", "1.0")


async def test_a_certain_version_can_be_named(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(stall.entry(stall.release("2.0"), stall.release("1.0"))), stall.key)
    ctx = shop(stall.config())
    assert (await chosen(ctx)).release.version == "2.0"
    assert (await chosen(ctx, version="1.0")).release.version == "1.0"
    with pytest.raises(Reject, match=r"there is no slack 3\.0; the index lists 2\.0, 1\.0"):
        await chosen(ctx, version="3.0")


async def test_what_cannot_run_here_is_refused_with_the_reason(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(stall.entry(stall.release("2.0", amber=">=99"))), stall.key)
    ctx = shop(stall.config())
    for version in ("", "2.0"):
        with pytest.raises(Reject, match="cannot run here: it needs Amber >=99"):
            await chosen(ctx, version=version)


async def test_a_plugin_nobody_lists_is_said_so_with_what_could_not_be_read(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    ctx = shop(stall.config(), stall.config(name="gone", file="gone.json"))
    with pytest.raises(Reject, match=r"no index lists a plugin 'jira'; .*404") as refusal:
        await chosen(ctx, "jira")
    assert refusal.value.status == 404


async def test_consent_is_for_this_wheel_and_the_rights_of_every_plugin_in_it(stall: Any, shop: Any) -> None:
    async def consent(*entries: Any, version: int) -> str:
        stall.publish(stall.index(*entries, version=version), stall.key)
        return str((await chosen(shop(stall.config()))).consent)

    slack, other = stall.entry(), stall.entry(stall.release(), name="other", distribution="amber-slack")
    shout = replace(other, versions=(stall.release(rights={"hosts": ("*",)}),))
    first = await consent(slack, version=1)
    assert await consent(replace(slack, summary="New words."), version=2) == first
    said = {first, await consent(slack, other, version=3), await consent(slack, shout, version=4)}
    said.add(await consent(stall.entry(stall.release(data=b"another wheel")), version=5))
    assert len(said) == 4


@pytest.mark.parametrize(
    ("require", "is_signed", "is_listed", "is_admitted"),
    [
        ("any", True, False, True),
        ("any", False, True, True),
        ("listed", False, True, True),
        ("listed", True, True, True),
        ("listed", False, False, False),
        ("signed", True, True, True),
        ("signed", False, True, False),
        ("signed", True, False, False),
    ],
)
async def test_the_administrators_rule_admits(
    stall: Any, shop: Any, require: str, is_signed: bool, is_listed: bool, is_admitted: bool
) -> None:
    keys = [stall.key] if is_signed else []
    stall.publish(stall.index(), *keys)
    ctx = shop(stall.config(*keys or [None]), require=require)
    asked = offer(stall.release() if is_listed else stall.release(data=b"one of my own"))
    refusal = await market.admit_offer(asked, ctx)
    assert (refusal is None) is is_admitted
    if refusal:
        assert f'require = "{require}" in amber.toml' in refusal
        assert 'write require = "any"' in refusal


async def test_ones_own_code_needs_no_index(shop: Any, stall: Any) -> None:
    assert await market.admit_offer(offer(stall.release()), shop()) is None


async def test_a_plugin_that_was_listed_a_moment_ago_is_admitted(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(version=1), stall.key)
    ctx = shop(stall.config(), require="signed")
    await shelves(ctx).look(ctx)
    new = stall.release("1.1", b"the new wheel")
    stall.publish(stall.index(stall.entry(new), version=2), stall.key)
    assert await market.admit_offer(offer(new), ctx) is None


async def test_an_index_that_is_not_believed_admits_nothing_and_is_named(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.other)
    refusal = await market.admit_offer(offer(stall.release()), shop(stall.config(), require="signed"))
    assert refusal is not None
    assert "signed by an unknown key" in refusal


async def test_an_unsigned_index_is_left_out_where_signatures_are_required(stall: Any, shop: Any) -> None:
    stall.publish(stall.index())
    with pytest.raises(Reject, match=r'left out, as \[plugins\.market\] require = "signed" says'):
        await chosen(shop(stall.config(None), require="signed"))
