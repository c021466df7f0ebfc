"""What is offered is read without running it; what could not work here is refused with the reason."""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

import pytest

from amber.errors import Reject
from amber.installing import examine
from amber.testing.wheels import make_wheel, manifest, requiring
from amber.version import version

LOUD = "raise SystemExit('somebody imported this')\n"


@pytest.fixture
def cellar(tmp_path: Path) -> Path:
    return tmp_path / "cellar"


def refusal(source: "str | Path", cellar: Path, sha256: str = "") -> str:
    with pytest.raises(Reject) as refused:
        examine(source, cellar, sha256)
    return refused.value.detail


def test_an_offer_says_what_is_in_a_wheel_without_importing_it(tmp_path: Path, cellar: Path) -> None:
    asked = manifest("stranger", '[rights]\nhosts = ["example.org"]\nfacts = ["issue.created"]\n')
    files = {"amber_stranger/__init__.py": LOUD, "amber_stranger/plugin.toml": asked}
    wheel = make_wheel(tmp_path, head=requiring("amber", "msgspec>=0.18"), files=files)
    offer = examine(wheel, cellar)
    assert (offer.distribution, offer.version, offer.installed, offer.brings) == ("amber-stranger", "1.0", "", ())
    assert offer.requires == ("amber", "msgspec>=0.18")
    [plugin] = offer.plugins
    rights = {"hosts": ("example.org",), "facts": ("issue.created",)}
    assert (plugin.name, plugin.rights, plugin.new_rights) == ("stranger", rights, rights)
    assert offer.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert offer.pins == (f"amber-stranger @ {offer.wheel.as_uri()} --hash=sha256:{offer.sha256}",)
    assert offer.wheel.read_bytes() == wheel.read_bytes()
    assert "amber_stranger" not in sys.modules


def test_the_wheel_that_was_examined_is_kept_apart_from_the_one_that_was_given(tmp_path: Path, cellar: Path) -> None:
    wheel = make_wheel(tmp_path)
    offer = examine(wheel, cellar)
    wheel.write_bytes(b"something else")
    assert hashlib.sha256(offer.wheel.read_bytes()).hexdigest() == offer.sha256
    assert [one.name for one in cellar.iterdir()] == [offer.sha256]


def test_one_distribution_may_hold_several_plugins(tmp_path: Path, cellar: Path) -> None:
    files = {
        "amber_stranger/first/plugin.toml": manifest("first"),
        "amber_stranger/second/plugin.toml": manifest("second"),
        "amber_stranger-1.0.dist-info/entry_points.txt": "[amber.plugins]\n"
        "first = amber_stranger.first\nsecond = amber_stranger.second\n",
    }
    offer = examine(make_wheel(tmp_path, files=files), cellar)
    assert [one.name for one in offer.plugins] == ["first", "second"]


def test_only_rights_that_are_new_are_new(cellar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    before = manifest("stranger", '[rights]\nhosts = ["a.test"]\n')
    with zipfile.ZipFile(make_wheel(tmp_path, files={"amber_stranger/plugin.toml": before})) as archive:
        archive.extractall(site)
    monkeypatch.syspath_prepend(site)
    asked = manifest("stranger", '[rights]\nhosts = ["a.test", "b.test"]\ntables = ["stranger_*"]\n')
    offer = examine(make_wheel(tmp_path, version="2.0", files={"amber_stranger/plugin.toml": asked}), cellar)
    assert (offer.installed, offer.version) == ("1.0", "2.0")
    assert offer.plugins[0].new_rights == {"hosts": ("b.test",), "tables": ("stranger_*",)}


@pytest.mark.parametrize(
    ("files", "head", "said"),
    [
        ({}, "Requires-Python: >=9\n", f"needs Python >=9, this is {sys.version_info[0]}"),
        ({}, "Requires-Python: dunno\n", "cannot be installed: Invalid specifier"),
        ({}, requiring("amber>=99"), f"needs amber>=99, and amber {version()} is installed"),
        ({}, requiring("msgspec<0.1"), r"needs msgspec<0.1, and msgspec \S+ is installed"),
        (
            {"amber_stranger/plugin.toml": manifest("stranger", "api = 2")},
            "",
            "speaks plugin API 2, this Amber speaks 1",
        ),
        ({"amber_stranger/plugin.toml": "name = 1"}, "", "plugin stranger: amber_stranger/plugin.toml: Expected"),
        ({"amber_stranger/plugin.toml": manifest("other")}, "", "both names must be the same"),
        ({"amber_stranger/plugin.toml": "x" * (1 << 21)}, "", "has more than 1 MB"),
        ({"amber_stranger-1.0.dist-info/entry_points.txt": ""}, "", "holds no plugin"),
        (
            {"amber_stranger-1.0.dist-info/entry_points.txt": "[amber.plugins]\nstranger = elsewhere.it\n"},
            "",
            "no manifest: elsewhere/it/plugin.toml is not in the wheel",
        ),
        ({"../evil.py": "x = 1"}, "", "is not a wheel: ../evil.py would land outside of where it is installed"),
        ({"/evil.py": "x = 1"}, "", "is not a wheel: /evil.py would land outside of where it is installed"),
        (
            {
                "amber_stranger-1.0.dist-info/entry_points.txt": "[amber.plugins]\nscrub = amber_stranger\n",
                "amber_stranger/plugin.toml": manifest("scrub"),
            },
            "",
            "there is a plugin scrub already, of amber-enrichment",
        ),
    ],
)
def test_a_wheel_that_could_not_work_here_is_refused(
    files: dict[str, str], head: str, said: str, tmp_path: Path, cellar: Path
) -> None:
    refused = refusal(make_wheel(tmp_path, head=head, files=files), cellar)
    assert re.search(said, refused), refused
    assert list(cellar.iterdir()) == []


def test_what_is_no_wheel_is_refused(tmp_path: Path, cellar: Path) -> None:
    text, torn = tmp_path / "notes.txt", tmp_path / "torn-1.0-py3-none-any.whl"
    text.write_text("hello")
    torn.write_bytes(make_wheel(tmp_path / "made").read_bytes()[:-30])
    assert "is not a wheel" in refusal(text, cellar)
    assert "is not a wheel" in refusal(torn, cellar)
    whole = make_wheel(tmp_path / "made").read_bytes()
    torn.write_bytes(whole.replace(b"plugin_health", b"plugin_wealth", 1))
    assert "is not a wheel: amber_stranger/__init__.py in it is damaged" in refusal(torn, cellar)
    assert "there is no file" in refusal(tmp_path / "gone.whl", cellar)
    assert "neither a file, nor a folder, nor a name" in refusal("two words", cellar)
    (tmp_path / "empty").mkdir()
    assert "holds no pyproject.toml" in refusal(tmp_path / "empty", cellar)


def test_a_wheel_that_is_not_the_one_that_was_listed_is_refused(tmp_path: Path, cellar: Path) -> None:
    wheel = make_wheel(tmp_path)
    assert "is not what was offered" in refusal(wheel, cellar, "0" * 64)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert examine(wheel, cellar, digest.upper()).sha256 == digest
