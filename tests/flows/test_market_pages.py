"""The market in a real browser: somebody looks for a plugin; and an index that attacks whoever looks at it."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from amber_market.index.shape import Entry, Release, Screenshot, Tier

from .browsing import Desk, browser, desk
from .publisher import Publisher, publishing
from .running import Running
from .test_hostile_pages import ATTACKS

__all__ = ["browser", "desk"]
MARKET = "/pages/market/browse"
PNG = bytes.fromhex(  # one pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path / "published") as publisher:
        yield publisher


def entry(name: str, **more: Any) -> Entry:
    given = {"title": name.capitalize(), "summary": f"Posts to {name}.", "families": ("integrations",)} | more
    release = Release(
        "1.0", f"amber_{name}-1.0-py3-none-any.whl", "0" * 64, 1000, 1, tier=Tier("gold", ("all passed",))
    )
    return Entry(name=name, distribution=f"amber-{name}", versions=(given.pop("release", release),), **given)


def test_somebody_looks_for_a_plugin_and_reads_what_it_may_do(
    start: Callable[..., Running], desk: Desk, publisher: Publisher
) -> None:
    (publisher.folder / "slack.png").write_bytes(PNG)
    rights = {"hosts": ("slack.com",), "facts": ("issue.created",)}
    release = Release("2.1", "amber_slack-2.1-py3-none-any.whl", "0" * 64, 1000, 1, rights=rights)
    shot = Screenshot("slack.png", sha256(PNG).hexdigest(), "The channel")
    publisher.publish(entry("slack", release=release, screenshots=(shot,)), entry("teams", families=("auth",)))
    page = desk.page(start(toml=publisher.toml()))
    page.get_by_role("link", name="Market").click()
    page.get_by_role("link", name="Auth 1").click()
    assert page.get_by_text("Posts to teams.").is_visible()
    assert not page.get_by_text("Posts to slack.").is_visible()
    page.get_by_role("link", name="All 2").click()
    page.get_by_role("searchbox", name="Search plugins").fill("slack")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    assert not page.get_by_text("Posts to teams.").is_visible()
    page.get_by_role("link", name="Slack", exact=True).click()
    assert page.get_by_text("Sends requests to slack.com").is_visible()
    picture = page.get_by_role("img", name="The channel")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    assert page.get_by_role("button", name="Install Slack").is_visible()


def test_nobody_but_who_looks_after_the_installation_sees_it(
    start: Callable[..., Running], publisher: Publisher
) -> None:
    publisher.publish(entry("slack"))
    amber = start(toml=publisher.toml())
    assert amber.web.get(MARKET, headers={"accept": "text/html"}).status_code in (302, 303, 401)
    assert (
        amber.web.get(f"{MARKET}/slack", headers={"authorization": f"Bearer {amber.token('org:admin')}"}).status_code
        == 403
    )


def hostile(name: str, text: str) -> Entry:
    """A plugin of whose every field a browser sees `text`."""
    release = Release(
        version="1.0",
        wheel=f"amber_{name}-1.0-py3-none-any.whl",
        sha256="0" * 64,
        size=1,
        api=1,
        python=text,
        requires=(text,),
        stability=text,
        rights={"hosts": (text,), "minds": (text,)},
        tier=Tier(text, (text,)),
    )
    shot = Screenshot(text, "0" * 64, text)
    return entry(name, release=release, screenshots=(shot,), title=text, summary=text, families=(text,))


def test_an_index_cannot_attack_whoever_looks_at_it(
    start: Callable[..., Running], desk: Desk, publisher: Publisher
) -> None:
    attacks = {f"evil{number}": attack[:80] for number, attack in enumerate(ATTACKS[:-1])}
    publisher.publish(*(hostile(name, text) for name, text in attacks.items()))
    amber = start(toml=publisher.toml())
    page = desk.page(amber, MARKET)
    assert page.evaluate("window.ran") is None
    for name, text in attacks.items():
        for address in (f"{MARKET}?{urlencode({'family': text, 'q': text})}", f"{MARKET}/{quote(text, safe='')}"):
            page.goto(amber.url + address)
            assert page.evaluate("window.ran") is None
        page.goto(f"{amber.url}{MARKET}/{name}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.ran") is None
        assert text in page.locator("main").inner_text()
