"""An index is made of what wheels say of themselves."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from amber.errors import ConfigError, Reject
from amber.model import Offer, OfferedPlugin
from amber_market.index.building import entries_of, keep_pictures
from amber_market.index.shape import Tier, decode_index, encode_index
from amber_market.index.tiers import read_tiers


def offered(name: str, **rights: tuple[str, ...]) -> OfferedPlugin:
    return OfferedPlugin(
        name=name,
        title=name.capitalize(),
        summary=f"Does {name}.",
        families=("integrations",),
        api=1,
        stability="beta",
        rights=rights,
        new_rights={},
    )


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    wheel = tmp_path / "amber_chat-1.0-py3-none-any.whl"
    wheel.write_bytes(b"12345")
    plugins = (offered("slack", hosts=("slack.com",)), offered("teams"))
    needs = ("amber<2,>=0.1", "msgspec>=0.20", 'pytest; extra == "dev"')
    return Offer("x", "amber-chat", "1.0", wheel, sha256(b"12345").hexdigest(), plugins, needs, ">=3.11")


def test_every_plugin_of_a_wheel_is_listed(offer: Offer, stall: Any) -> None:
    entries = entries_of([offer], {("slack", "1.0"): Tier("gold", ("all of it",)), ("teams", "0.9"): Tier("gold")}, {})
    assert [entry.name for entry in entries] == ["slack", "teams"]
    [release] = entries[0].versions
    assert (release.version, release.wheel, release.size) == ("1.0", f"wheels/{offer.wheel.name}", 5)
    assert (release.sha256, release.rights) == (offer.sha256, {"hosts": ("slack.com",)})
    assert release.tier == Tier("gold", ("all of it",))
    assert entries[1].versions[0].tier == Tier()
    assert decode_index(encode_index(stall.index(*entries))).entries == entries


def test_the_amber_it_needs_is_told_from_what_else_it_needs(offer: Offer) -> None:
    release = entries_of([offer], {}, {})[0].versions[0]
    assert release.amber == "<2,>=0.1"
    assert release.requires == ("msgspec>=0.20",)
    assert release.python == ">=3.11"


def test_releases_go_from_the_newest_to_the_oldest_and_the_newest_describes(offer: Offer) -> None:
    later = replace(offer, version="1.10", plugins=(replace(offered("slack"), summary="Does more."),))
    middle = replace(offer, version="1.9", plugins=(offered("slack"),))
    slack = entries_of([offer, later, middle], {}, {})[0]
    assert [release.version for release in slack.versions] == ["1.10", "1.9", "1.0"]
    assert slack.summary == "Does more."


def test_two_distributions_cannot_offer_one_plugin(offer: Offer) -> None:
    with pytest.raises(Reject, match="both hold a plugin slack"):
        entries_of([offer, replace(offer, distribution="amber-other", version="0.1")], {}, {})


def test_screenshots_are_kept_beside_the_index_with_what_they_show(tmp_path: Path) -> None:
    (tmp_path / "project/screenshots").mkdir(parents=True)
    (tmp_path / "project/screenshots/slack-the-channel.png").write_bytes(b"picture")
    (tmp_path / "project/screenshots/other.png").write_bytes(b"")
    found = keep_pictures(tmp_path / "project", ["slack", "teams"], tmp_path / "out")
    [shot] = found.pop("slack")
    assert found == {}
    assert (shot.caption, shot.sha256) == ("The channel", sha256(b"picture").hexdigest())
    assert (tmp_path / "out" / shot.url).read_bytes() == b"picture"


def test_a_screenshot_nobody_would_fetch_is_refused(tmp_path: Path) -> None:
    (tmp_path / "screenshots").mkdir()
    (tmp_path / "screenshots/slack.png").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(Reject, match=r"slack\.png has more than 1 MB"):
        keep_pictures(tmp_path, ["slack"], tmp_path / "out")


def test_a_report_of_the_contract_suite_gives_each_release_its_tier(tmp_path: Path) -> None:
    reason = {"tier": "gold", "suite": "page", "test": "test_x", "mend": "give it a title"}
    verdicts = [
        {"plugin": "slack", "version": "1.0", "tier": "silver", "reasons": [reason], "suites": {}},
        {"plugin": "teams", "version": "1.1", "tier": "gold", "reasons": []},
    ]
    (tmp_path / "report.json").write_bytes(msgspec.json.encode({"plugins": verdicts, "amber": "0.1.0", "at": 1.0}))
    assert read_tiers(tmp_path / "report.json") == {
        ("slack", "1.0"): Tier("silver", ("page: give it a title",)),
        ("teams", "1.1"): Tier("gold", ("every suite that fits it passed",)),
    }


@pytest.mark.parametrize(("text", "reason"), [("{}", "is no report"), ('{"plugins":[],"format":2}', "of format 2")])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ConfigError, match=reason):
        read_tiers(tmp_path / "report.json")
