"""What an offer does when it is imported, found out before it is installed."""

from pathlib import Path

import pytest

from amber.errors import Reject
from amber.installing import examine, rehearsal
from amber.installing.rehearsal import rehearse
from amber.testing.wheels import CODE, make_wheel

MODULE = "amber_stranger/__init__.py"
BAD = {
    "cannot be imported": ("import nothing_of_this_name\n", "cannot be imported: ModuleNotFoundError"),
    "takes too long": ("for _ in range(30_000_000): pass\n" + CODE, "ms are allowed"),
    "starts a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(5,), name='eager', daemon=True).start()\n"
        + CODE,
        "changes what is Amber's or the system's: threads",
    ),
    "ends its host": ("import os\nos._exit(3)\n", "its import ended the process"),
    "exits": ("import sys\nsys.exit(3)\n", "cannot be imported: SystemExit: 3"),
    "does nothing": ("x = 1\n", "answers no hook"),
    "has a wrong hook": (
        "from amber import hookimpl\n@hookimpl\ndef enrich_events(evnts): return []\n",
        "Argument(s) {'evnts'}",
    ),
    "has no config": ("class Config: pass\n", "Config is no msgspec Struct"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_plugin_is_not_installed_that(name: str, tmp_path: Path) -> None:
    code, said = BAD[name]
    offer = examine(make_wheel(tmp_path, files={MODULE: code}), tmp_path / "cellar")
    with pytest.raises(Reject) as refused:
        rehearse(offer)
    assert said in refused.value.detail
    assert "\n" not in refused.value.detail


DATA, SCRIPTS = "amber_stranger-1.0.data", "amber_stranger-1.0.dist-info/entry_points.txt"
ENTRIES = "[amber.plugins]\nstranger = amber_stranger\n[console_scripts]\npython = amber_stranger:x\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({f"{DATA}/scripts/python": "#!python\n"}, "it would write over bin/python, which is not its own"),
        ({SCRIPTS: ENTRIES}, "it would write over bin/python, which is not its own"),
        ({f"{DATA}/purelib/amber/kernel.py": "x = 1\n"}, "it would write over amber/kernel.py, which is not its own"),
    ],
)
def test_a_wheel_that_would_write_over_what_is_not_its_own_is_not_installed(
    files: dict[str, str], said: str, tmp_path: Path
) -> None:
    offer = examine(make_wheel(tmp_path, files=files), tmp_path / "cellar")
    with pytest.raises(Reject, match=said):
        rehearse(offer)


@pytest.mark.parametrize(
    ("file", "own", "said"),
    [
        ("pluggy/__init__.py", "amber-stranger", "would write over pluggy/__init__.py"),
        ("pluggy/__init__.py", "pluggy", ""),
        ("pluggy/__pycache__/__init__.cpython-311.pyc", "amber-stranger", "would write over pluggy/__init__.py"),
        ("pluggy/__pycache__/__init__.cpython-311.pyc", "pluggy", ""),
        ("amber_stranger/__init__.py", "amber-stranger", ""),
        ("amber_stranger/data.pth", "amber-stranger", ""),
        ("start.pth", "amber-stranger", "brings start.pth, which every Python here would run"),
        ("sitecustomize.py", "amber-stranger", "brings sitecustomize.py, which"),
        ("usercustomize/__init__.py", "amber-stranger", "brings usercustomize/__init__.py, which"),
    ],
)
def test_each_file_is_held_against_those_that_are_there(file: str, own: str, said: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("")
    found = rehearsal._trespass(tmp_path, [own])
    assert (said in found, bool(found)) == (True, bool(said))


def test_what_a_plugin_cannot_do_without_is_known_before_it_runs(tmp_path: Path) -> None:
    config = "class Config(Struct, frozen=True):\n    key: str\n    colour: str = 'red'\n"
    code = f"from msgspec import Struct\n{CODE}\n\n{config}"
    [trial] = rehearse(examine(make_wheel(tmp_path, files={MODULE: code}), tmp_path / "cellar"))
    assert (trial.plugin, trial.missing, trial.acts, trial.error) == ("stranger", ("key",), (), "")


def test_a_wheel_that_was_changed_after_it_was_examined_is_not_installed(tmp_path: Path) -> None:
    offer = examine(make_wheel(tmp_path), tmp_path / "cellar")
    offer.wheel.write_bytes(make_wheel(tmp_path / "other", files={MODULE: "import os\n"}).read_bytes())
    with pytest.raises(Reject, match="its hash is another one"):
        rehearse(offer)


def test_a_secret_in_the_environment_is_not_shown_to_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb")
    code = "import os\nassert 'SLACK_TOKEN' not in os.environ\n" + CODE
    assert rehearse(examine(make_wheel(tmp_path, files={MODULE: code}), tmp_path / "cellar"))
