"""The pages of the market, as the console gets them."""

from hashlib import sha256
from typing import Any

import pytest

from amber import Context
from amber.errors import Reject
from amber.model import Download, Fragment, Principal, Redirect, UiRequest
from amber_market.index.shape import Screenshot, Tier
from amber_market.market import Config
from amber_market.market.page import show
from amber_market.market.views import sentence

pytestmark = pytest.mark.anyio
PATH = "/pages/market/browse"
PNG = b"\x89PNG\r\n\x1a\n and so on"
ADMIN = Principal("user", "1", scopes=frozenset({"admin"}))


async def shown(ctx: Context[Config], *rest: str, **given: Any) -> Any:
    return await show(UiRequest(ADMIN, 1, PATH, ctx.now(), rest=rest, **given), ctx)


async def html(ctx: Context[Config], *rest: str, **query: str) -> str:
    answer = await shown(ctx, *rest, query=query)
    assert isinstance(answer, Fragment)
    return str(answer.html)


async def test_what_there_is_to_do_comes_first(stall: Any, shop: Any) -> None:
    names = ("alpha", "beta", "gamma")
    stall.publish(stall.index(*(stall.entry(stall.release("2.0", name=name), name=name) for name in names)), stall.key)
    page = await html(shop(stall.config(), here={"alpha": "2.0", "gamma": "1.0"}))
    assert page.index("Gamma") < page.index("Beta") < page.index("Alpha")
    assert "Update to 2.0" in page
    assert page.count("Installed") == 1


async def test_search_and_family_narrow_the_list_and_keep_each_other(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(stall.entry(), stall.entry(name="teams", families=("auth",))), stall.key)
    ctx = shop(stall.config())
    page = await html(ctx, q="slack")
    assert "Posts to slack." in page
    assert "Posts to teams." not in page
    assert f'{PATH}?family=auth&amp;q=slack"' in page
    assert "No plugin fits" in await html(ctx, q="slack", family="auth")


async def test_an_index_that_is_not_believed_is_told_of_beside_the_others(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    stall.publish(stall.index(name="others"), stall.other, file="others.json")
    page = await html(shop(stall.config(), stall.config(name="others", file="others.json")))
    assert "others is not used." in page
    assert "The index is signed by an unknown key" in page
    assert "Posts to slack." in page


async def test_without_an_index_the_page_says_how_to_name_one(shop: Any) -> None:
    assert "[[plugins.market.indexes]]" in await html(shop())


async def test_a_plugins_page_tells_rights_tier_and_where_it_comes_from(stall: Any, shop: Any) -> None:
    release = stall.release(rights={"hosts": ("slack.com",)}, tier=Tier("gold", ("every suite passed",)))
    other = stall.entry(stall.release(rights={"facts": ("issue.created",)}), name="mute", distribution="amber-slack")
    stall.publish(stall.index(stall.entry(release), other), stall.key)
    page = await html(shop(stall.config()), "slack")
    for words in (
        "Sends requests to slack.com",
        "Hears of issue.created",
        "One wheel brings 2 plugins",
        "Gold",
        "every suite passed",
        "plugins, signed",
        release.sha256[:16],
    ):
        assert words in page


async def test_a_page_says_what_keeps_a_plugin_from_a_process_of_its_own(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(stall.entry(stall.release(inside=("rights.kernel", "rights.tables")))), stall.key)
    page = await html(shop(stall.config()), "slack")
    assert "Inside of Amber&#39;s own processes, since it has rights.kernel, rights.tables" in page
    assert "/plugins/slack/settings" not in page


async def test_an_update_marks_the_rights_that_are_new(stall: Any, shop: Any) -> None:
    release = stall.release("2.0", rights={"hosts": ("slack.com",), "facts": ("issue.created",)})
    stall.publish(stall.index(stall.entry(release)), stall.key)
    ctx = shop(stall.config(), here={"slack": "1.0"})
    ctx.kernel("plugins")()[0].update(rights={"facts": ["issue.created"]}, state="running", reason="")
    page = await html(ctx, "slack")
    assert 'Sends requests to slack.com <span class="pill accent">new</span>' in page
    assert 'issue.created <span class="pill' not in page
    assert "Update from 1.0 to 2.0" in page
    assert 'href="/plugins/slack/settings"' in page
    assert "In a process of its own" in page


async def test_what_cannot_run_here_has_no_button_but_a_reason(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(stall.entry(stall.release(amber=">=99"))), stall.key)
    page = await html(shop(stall.config()), "slack")
    assert "It needs Amber &gt;=99, this is " in page
    assert "I grant it" not in page


async def test_whoever_may_only_look_is_offered_no_form(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    guest = UiRequest(Principal("user", "2", scopes=frozenset({"org:read"})), 1, PATH, 0.0, rest=("slack",))
    answer = await show(guest, shop(stall.config()))
    assert "<form" not in answer.html


async def test_agreeing_to_what_has_changed_meanwhile_installs_nothing(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(), stall.key)
    ctx = shop(stall.config())
    answer = await shown(ctx, "slack", form={"version": ("1.0",), "consent": ("something else",)})
    assert answer == Redirect(f"{PATH}/slack?changed=yes")
    assert "Nothing was installed." in await html(ctx, "slack", changed="yes")


async def test_the_indexes_are_read_again_on_request(stall: Any, shop: Any) -> None:
    stall.publish(stall.index(version=1), stall.key)
    ctx = shop(stall.config())
    await shown(ctx)
    stall.publish(stall.index(stall.entry(name="fresh"), version=2), stall.key)
    assert "Posts to fresh." not in await html(ctx)
    assert await shown(ctx, form={}) == Redirect(PATH)
    assert "Posts to fresh." in await html(ctx)


@pytest.mark.parametrize("rest", [("nobody",), ("slack", "more"), ("slack", "screenshots", "7"), ("a", "b", "c", "d")])
async def test_what_is_not_there_is_not_found(stall: Any, shop: Any, rest: tuple[str, ...]) -> None:
    stall.publish(stall.index(), stall.key)
    with pytest.raises(Reject) as refusal:
        await shown(shop(stall.config()), *rest)
    assert refusal.value.status == 404


def pictured(stall: Any, data: bytes) -> Any:
    stall.put("screenshots/slack.png", data)
    shot = Screenshot("screenshots/slack.png", sha256(data).hexdigest())
    stall.publish(stall.index(stall.entry(screenshots=(shot,))), stall.key)
    return stall.config()


async def test_a_screenshot_is_fetched_once(stall: Any, shop: Any) -> None:
    ctx = shop(pictured(stall, PNG))
    for _ in range(2):
        answer = await shown(ctx, "slack", "screenshots", "0")
        assert isinstance(answer, Download)
        assert (answer.content_type, answer.body) == ("image/png", PNG)
    assert stall.asked.count("/screenshots/slack.png") == 1


async def test_a_swapped_screenshot_is_not_shown(stall: Any, shop: Any) -> None:
    config = pictured(stall, PNG)
    stall.put("screenshots/slack.png", PNG + b"!")
    with pytest.raises(Reject, match="is not the one the index names"):
        await shown(shop(config), "slack", "screenshots", "0")


async def test_what_could_hold_a_script_is_no_screenshot(stall: Any, shop: Any) -> None:
    with pytest.raises(Reject, match="no picture"):
        await shown(shop(pictured(stall, b"<svg onload=alert(1)>")), "slack", "screenshots", "0")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("it is so", "It is so."),
        ("It is so.", "It is so."),
        ("https://a.org/x answered 404", "https://a.org/x answered 404."),
        ("", "."),
    ],
)
def test_reasons_are_told_as_sentences(reason: str, told: str) -> None:
    assert sentence(reason) == told
