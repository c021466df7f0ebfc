"""Indexes over HTTP and from disk: each is checked before a word of it is believed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from amber.errors import AmberError, Reject
from amber_market.market.fetching import beside, fetch
from amber_market.market.shelves import read_index, shelves

pytestmark = pytest.mark.anyio


async def test_a_signed_index_is_read_over_http(stall: Any, shop: Any) -> None:
    published = stall.index(version=3)
    stall.publish(published, stall.key)
    assert await read_index(shop(), stall.config()) == published


async def test_a_signed_index_is_read_from_a_file(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    config = replace(stall.config(), source=str(stall.folder / "index.json"))
    assert (await read_index(shop(), config)).name == "plugins"
    assert stall.asked == []


async def test_a_tampered_index_is_refused(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    whole = (stall.folder / "index.json").read_bytes()
    (stall.folder / "index.json").write_bytes(whole.replace(b'"payload":"e', b'"payload":"f', 1))
    with pytest.raises(Reject, match=r"tampered|changed on its way"):
        await read_index(shop(), stall.config())


async def test_an_index_of_an_unknown_key_is_refused_with_what_to_do(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.other)
    with pytest.raises(Reject, match=r"signed by an unknown key.*change `key` in amber\.toml"):
        await read_index(shop(), stall.config())


async def test_an_unsigned_file_is_no_index_where_a_key_is_named(stall: Any, shop: Any) -> None:
    stall.publish(stall.index())
    with pytest.raises(Reject, match="this is no signed index"):
        await read_index(shop(), stall.config())


async def test_a_signed_index_needs_its_key_in_the_configuration(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    with pytest.raises(Reject, match="is signed, but no key is named for it"):
        await read_index(shop(), stall.config(key=None))


async def test_an_index_without_a_key_counts_as_not_signed(stall: Any, shop: Any) -> None:
    stall.publish(stall.index())
    [shelf] = await shelves(ctx := shop(stall.config(key=None))).look(ctx)
    assert (shelf.is_signed, shelf.refusal) == (False, "")


async def test_a_frozen_index_is_believed_until_it_expires_and_no_longer(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(expires=stall.index().issued + timedelta(hours=5)), stall.key)
    await read_index(shop(hours=4.9), stall.config())
    with pytest.raises(Reject, match="expired 2026-11-01 17:00 UTC: its publisher must issue it anew"):
        await read_index(shop(hours=5), stall.config())


async def test_an_index_that_expires_between_two_looks_is_dropped(stall: Any, shop: Any, monkeypatch: Any) -> None:
    stall.publish(stall.index(expires=stall.index().issued + timedelta(hours=1, seconds=10)), stall.key)
    ctx = shop(stall.config(), hours=1)
    [before] = await shelves(ctx).look(ctx)
    later = ctx.now() + 11
    monkeypatch.setattr(ctx, "now", lambda: later)
    [after] = await shelves(ctx).look(ctx)
    assert before.index is not None
    assert after.index is None
    assert "expired" in after.refusal


async def test_an_index_cannot_be_rolled_back(stall: Any, shop: Any) -> None:
    old = stall.publish(stall.index(version=7), stall.key)
    await read_index(shop(), stall.config())
    stall.publish(stall.index(version=8), stall.key)
    await read_index(shop(), stall.config())
    (stall.folder / "index.json").write_bytes(old)
    for ctx in (shop(), shop(stall.config())):  # another process remembers as well
        with pytest.raises(Reject, match="was rolled back: this is its version 7, and version 8 was seen here before"):
            await read_index(ctx, stall.config())


async def test_the_same_edition_can_be_read_again_but_not_say_something_else(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(version=7), stall.key)
    await read_index(shop(), stall.config())
    await read_index(shop(), stall.config())
    stall.publish(stall.index(stall.entry(summary="Something else."), version=7), stall.key)
    with pytest.raises(Reject, match="says two things under one version, 7"):
        await read_index(shop(), stall.config())


async def test_a_new_key_begins_a_new_count(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(version=7), stall.key)
    await read_index(shop(), stall.config())
    stall.publish(stall.index(version=1), stall.other)
    assert (await read_index(shop(), stall.config(stall.other))).version == 1


async def test_another_index_of_the_same_publisher_is_not_taken_for_this_one(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(name="trials"), stall.key)
    with pytest.raises(Reject, match="is the index trials, not plugins"):
        await read_index(shop(), stall.config())


async def test_many_readers_of_a_first_edition_agree(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(version=5), stall.key)
    read = await asyncio.gather(*(read_index(shop(), stall.config()) for _ in range(8)))
    assert {one.version for one in read} == {5}


async def test_one_bad_index_does_not_hide_the_others(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    ctx = shop(stall.config(name="gone", file="gone.json"), stall.config())
    bad, good = await shelves(ctx).look(ctx)
    assert bad.index is None
    assert "answered 404 instead of the file" in bad.refusal
    assert good.index is not None


async def test_what_was_read_is_kept_for_a_while(stall: Any, shop: Any, monkeypatch: Any) -> None:
    stall.publish(stall.index(), stall.key)
    ctx = shop(stall.config())
    await shelves(ctx).look(ctx)
    await shelves(ctx).look(ctx)
    assert len(stall.asked) == 1
    await shelves(ctx).look(ctx, is_fresh=True)
    assert len(stall.asked) == 2
    later = ctx.now() + 301
    monkeypatch.setattr(ctx, "now", lambda: later)
    await shelves(ctx).look(ctx)
    assert len(stall.asked) == 3


async def test_a_slow_index_is_told_of_and_found_by_a_later_look(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    ctx = shop(stall.config())
    [waiting] = await shelves(ctx).look(ctx, patience=0)
    assert waiting.refusal == "the index plugins is still on its way"
    [there] = await shelves(ctx).look(ctx)
    assert there.index is not None
    assert len(stall.asked) == 1


async def test_redirects_are_followed_to_the_file(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    stall.moved = {"/latest": "/there", "/there": f"{stall.url}/index.json"}
    assert (await read_index(shop(), stall.config(file="latest"))).name == "plugins"


async def test_redirects_in_a_circle_end(stall: Any, shop: Any) -> None:
    stall.moved = {"/latest": "/latest"}
    with pytest.raises(Reject, match="leads from one place to the next and to no file"):
        await read_index(shop(), stall.config(file="latest"))


async def test_a_redirect_to_a_private_network_leads_nowhere(stall: Any, shop: Any) -> None:
    stall.moved = {"/latest": "http://10.0.0.1/index.json"}
    with pytest.raises(Reject, match=r"10\.0\.0\.1 is a private address"):
        await read_index(shop(), stall.config(file="latest"))


async def test_a_file_that_is_too_long_is_not_read_to_its_end(stall: Any, shop: Any) -> None:
    stall.put("large", b"x" * 1001)
    for source in (f"{stall.url}/large", str(stall.folder / "large")):
        with pytest.raises(Reject, match="more than 1,000 bytes"):
            await fetch(shop(), source, 1000)
        assert len(await fetch(shop(), source, 1001)) == 1001


async def test_a_file_that_is_not_there_is_named(shop: Any, stall: Any) -> None:
    with pytest.raises(AmberError, match=r"gone\.json cannot be read: No such file"):
        await fetch(shop(), str(stall.folder / "gone.json"), 10)


@pytest.mark.parametrize(
    ("source", "file", "place"),
    [
        ("https://a.org/x/index.json", "wheels/w.whl", "https://a.org/x/wheels/w.whl"),
        ("https://a.org/x/index.json", "/w.whl", "https://a.org/w.whl"),
        ("https://a.org/x/index.json", "https://b.org/w.whl", "https://b.org/w.whl"),
        ("http://a.org/index.json", "https://b.org/w.whl", "https://b.org/w.whl"),
        ("/srv/index.json", "wheels/w.whl", "/srv/wheels/w.whl"),
        ("/srv/index.json", "https://b.org/w.whl", "https://b.org/w.whl"),
    ],
)
def test_what_an_index_names_is_beside_it_or_where_it_says(source: str, file: str, place: str) -> None:
    assert beside(source, file) == place


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("https://a.org/index.json", "http://a.org/w.whl"),
        ("https://a.org/index.json", "file:///etc/passwd"),
        ("http://a.org/index.json", "ftp://a.org/w.whl"),
        ("/srv/index.json", "/etc/passwd"),
        ("/srv/index.json", "../../etc/passwd"),
    ],
)
def test_no_index_leads_to_our_disk_or_to_a_weaker_way(source: str, file: str) -> None:
    with pytest.raises(Reject, match=r"weaker way|outside of the folder"):
        beside(source, file)
