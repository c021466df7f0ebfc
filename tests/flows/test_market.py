"""Plugins from a signed index, installed into an environment of the test's own; and every way to be refused one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from amber.testing.wheels import make_wheel, manifest, requiring

from .browsing import Desk, browser, desk
from .publisher import Publisher, publishing
from .running import Running, wait_until
from .running import amber as run
from .test_installing import Place

pytestmark = pytest.mark.measured

__all__ = ["browser", "desk"]
MARKET = "/pages/market/browse"
HOSTS = manifest("stranger", '[rights]\nhosts = ["example.org"]\n')
TOML = "amber_stranger/plugin.toml"


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path / "published") as publisher:
        yield publisher


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("market") / "venv")


class Shopper:
    """Somebody at a terminal, with an `amber.toml` that trusts the publisher; no Amber runs."""

    def __init__(self, place: Place, publisher: Publisher, data: Path) -> None:
        self.place, self.publisher, self.data = place, publisher, data
        self.trust("signed")

    def trust(self, require: str) -> None:
        self.data.mkdir(exist_ok=True)
        (self.data / "amber.toml").write_text(self.publisher.toml(require))

    def say(self, *words: str) -> "CompletedProcess[str]":
        return run(*words, data=self.data, python=self.place.python)

    def refused(self, *words: str) -> str:
        """Why it was refused: in one sentence, and nothing was changed."""
        before = self.place.packages(), (self.data / "amber.toml").read_bytes()
        answer = self.say(*words)
        assert answer.returncode == 1, answer.stdout + answer.stderr
        assert (self.place.packages(), (self.data / "amber.toml").read_bytes()) == before
        said = answer.stderr.strip()
        assert said.startswith("amber: ")
        assert "\n" not in said
        return said

    def install(self, *more: str) -> str:
        return self.refused("market", "install", "stranger", "--yes", *more)


@pytest.fixture
def shopper(place: Place, publisher: Publisher, tmp_path: Path) -> Shopper:
    assert place.packages() == []
    return Shopper(place, publisher, tmp_path / "data")


def test_a_publishers_way_from_key_to_index_and_a_readers_from_search_to_install(tmp_path: Path, place: Place) -> None:
    data, out = tmp_path / "data", tmp_path / "out"

    def say(*words: "str | Path") -> str:
        answer = run(*map(str, words), data=data, python=place.python)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    wheels = [make_wheel(tmp_path, version=version, files={TOML: HOSTS}) for version in ("1.0", "1.1")]
    public = say("market", "keygen", tmp_path / "key.pem").strip()
    assert "lists 1 plugin in 2 wheels" in say("market", "build", out, *wheels, "--name", "mine")
    say("market", "sign", out / "index.unsigned.json", "--key", tmp_path / "key.pem", "--output", out / "index.json")
    assert "What it names is beside it: 2 files." in say("market", "verify", out / "index.json", "--key", public)
    (data / "amber.toml").write_text(
        f'[[plugins.market.indexes]]\nname = "mine"\nsource = "{out / "index.json"}"\nkey = "{public}"\n'
    )
    assert "stranger 1.1 (mine)\n  Does little.\n" in say("market", "search", "little")
    assert "sends requests to example.org" in say("market", "show", "stranger")
    shown = run("market", "install", "stranger", data=data, python=place.python)  # nobody answers the question
    assert (shown.returncode, place.packages()) == (130, [])
    assert "Plugin stranger 1.0 is found" in say("market", "install", "stranger", "--version", "1.0", "--yes")
    assert "amber_stranger-1.0.dist-info" in place.packages()
    assert "Plugin stranger 1.1 is found" in say("market", "install", "stranger", "--yes")
    assert "amber_stranger-1.1.dist-info" in place.packages()
    refusal = run("market", "install", "stranger", "--version", "1.0", "--yes", data=data, python=place.python)
    assert "it would be a downgrade: 1.1 is installed" in refusal.stderr
    assert "amber_stranger-1.1.dist-info" in place.packages()
    say("plugins", "remove", "stranger", "--yes")
    assert place.packages() == []


def test_a_tampered_index_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(*publisher.shelve(make_wheel(tmp_path)))
    file = publisher.folder / "index.json"
    whole = file.read_bytes()
    place = whole.index(b'"payload":"') + 400
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert "tampered with" in shopper.install() or "this is no signed index" in shopper.install()


def test_a_swapped_wheel_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    publisher.publish(*publisher.shelve(wheel))
    on_the_server = publisher.folder / "wheels" / wheel.name
    honest = on_the_server.read_bytes()
    on_the_server.write_bytes(honest[:-1] + b"\1")
    assert "was swapped: its hash is" in shopper.install()
    on_the_server.write_bytes(honest + b"more")
    assert "bytes, which is the most that is read" in shopper.install()


def test_an_expired_index_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(*publisher.shelve(make_wheel(tmp_path)), days=-0.001)
    assert "expired" in shopper.install()


def test_an_index_that_was_rolled_back_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    entries = publisher.shelve(make_wheel(tmp_path))
    publisher.publish(*entries, version=2)
    assert "A plugin 1.0" in shopper.say("market", "show", "stranger").stdout
    publisher.publish(*entries, version=1)
    assert "was rolled back: this is its version 1, and version 2 was seen here before" in shopper.install()


def test_an_index_of_an_unknown_key_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(*publisher.shelve(make_wheel(tmp_path)), key=Ed25519PrivateKey.generate())
    assert "signed by an unknown key" in shopper.install()


def test_a_plugin_that_would_break_another_is_refused(shopper: Shopper, publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(*publisher.shelve(make_wheel(tmp_path, head=requiring("msgspec<0.1"))))
    assert "needs msgspec<0.1, and msgspec" in shopper.install()


def test_a_wheel_that_asks_for_more_than_was_shown_is_refused(
    shopper: Shopper, publisher: Publisher, tmp_path: Path
) -> None:
    [entry] = publisher.shelve(make_wheel(tmp_path, files={TOML: HOSTS}))
    publisher.publish(replace(entry, versions=(replace(entry.versions[0], rights={}),)))
    assert "asks for more than the index says: stranger sends requests to example.org" in shopper.install()


def test_a_wheel_that_holds_a_plugin_nobody_spoke_of_is_refused(
    shopper: Shopper, publisher: Publisher, tmp_path: Path
) -> None:
    files = {
        "amber_stranger/guest/__init__.py": "",
        "amber_stranger/guest/plugin.toml": manifest("guest"),
        "amber_stranger-1.0.dist-info/entry_points.txt": "[amber.plugins]\nstranger = amber_stranger\n"
        "guest = amber_stranger.guest\n",
    }
    entries = publisher.shelve(make_wheel(tmp_path, files=files))
    publisher.publish(*(entry for entry in entries if entry.name == "stranger"))
    assert "holds a plugin guest as well, of which the index says nothing" in shopper.install()


def test_ones_own_wheel_is_refused_only_where_the_administrator_says_so(
    shopper: Shopper, publisher: Publisher, tmp_path: Path
) -> None:
    own, listed = make_wheel(tmp_path), make_wheel(tmp_path / "listed", version="2.0")
    publisher.publish(*publisher.shelve(listed))
    for require in ("signed", "listed"):
        shopper.trust(require)
        refusal = shopper.refused("plugins", "install", str(own), "--yes")
        assert f'require = "{require}" in amber.toml allows only what' in refusal
        assert 'write require = "any" to install whatever you name' in refusal
    for require, wheel in (("signed", listed), ("any", own)):
        shopper.trust(require)
        answer = shopper.say("plugins", "install", str(wheel), "--yes")
        assert answer.returncode == 0, answer.stderr
        assert shopper.say("plugins", "remove", "stranger", "--yes").returncode == 0
    assert shopper.place.packages() == []


def test_a_plugin_is_installed_from_the_console_while_amber_runs(
    start: Callable[..., Running], desk: Desk, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(*publisher.shelve(make_wheel(tmp_path, files={TOML: HOSTS})))
    amber = start(toml=publisher.toml(), python=Place(tmp_path / "venv").python)
    page = desk.page(amber, MARKET)
    page.get_by_role("link", name="Look at A plugin").click()
    assert page.get_by_text("Sends requests to example.org").is_visible()
    page.get_by_label("I grant it the rights above.").check()
    page.get_by_role("button", name="Install A plugin").click()
    assert page.get_by_text("is being installed").is_visible()

    def stands() -> bool:
        page.reload()
        return page.get_by_text("A plugin 1.0 is installed.").is_visible()

    wait_until(stands)
    rows = {row["name"]: row for row in amber.get("/plugins")["items"]}
    assert (rows["stranger"]["state"], rows["stranger"]["version"]) == ("running", "1.0")
    [noted] = amber.pages("/audit", subject="plugin:amber-stranger")
    assert (noted["action"], noted["after"]) == ("plugin.install", {"version": "1.0"})

    evil = make_wheel(tmp_path / "evil", version="2.0")
    publisher.publish(*publisher.shelve(evil), version=2)
    (publisher.folder / "wheels" / evil.name).write_bytes(evil.read_bytes()[:-1] + b"\1")
    page.goto(amber.url + MARKET)
    page.get_by_role("button", name="Read again").click()
    page.get_by_role("link", name="Update to 2.0").click()
    page.get_by_label("I grant it the rights above.").check()
    page.get_by_role("button", name="Update A plugin").click()
    wait_until(lambda: page.reload() is not None and page.get_by_text("nothing was changed").is_visible())
    assert page.get_by_text("was swapped: its hash is").is_visible()
