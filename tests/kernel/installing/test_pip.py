"""pip: found wherever there is one, and its reasons in one line."""

import importlib.util
import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from amber.errors import Reject
from amber.installing import pip

IMPOSSIBLE = """\
ERROR: Cannot install amber-x 1.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    amber-x 1.0 depends on flask<1
    The user requested (constraint) flask==3.1

Additionally, some packages in these conflicts have no matching distributions available.
"""


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.util.find_spec

    def find(name: str) -> ModuleSpec | None:
        return None if name in names else real(name)

    monkeypatch.setattr(pip, "find_spec", find)


def test_the_pip_that_python_carries_along_is_run_where_none_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pip")
    command = pip.pip_command()
    assert (command[0], Path(command[1]).parent.suffix) == (sys.executable, ".whl")
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("pip ")


def test_where_there_is_no_pip_at_all_uv_is_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pip", "ensurepip")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert pip.pip_command() == ("/usr/bin/uv", "tool", "run", "pip", "--python", sys.executable)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Reject, match="has no pip and no ensurepip, and there is no uv: install pip into it"):
        pip.pip_command()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (IMPOSSIBLE, "amber-x 1.0 depends on flask<1; installed is flask 3.1"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\nERROR: x\n",
            "No space",
        ),
        ("WARNING: hm\nERROR: Could not find it\nERROR: No matching distribution found for x\n", "No matching"),
        ("error: externally-managed-environment\n\n× This environment is externally managed\n", "externally-managed"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n", "its hash is another one"),
        (
            "ERROR: Exception:\nTraceback (most recent call last):\n  x\nBadZipFile: Bad CRC-32\n",
            "BadZipFile: Bad CRC-32",
        ),
        (
            "WARNING: Retrying (…) after connection broken by 'NewConnectionError(…)': /x/\n"
            "ERROR: Could not find a version (from versions: none)\nERROR: No matching distribution found for x\n",
            "the index of pip cannot be reached: PIP_INDEX_URL",
        ),
        ("nothing of use", ""),
    ],
)
def test_why_pip_refused_is_one_line(said: str, reason: str) -> None:
    found = pip.reason_of(said)
    assert reason in found
    assert "\n" not in found


def test_a_pip_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip, "PATIENCE", 0.2)
    monkeypatch.setattr(pip, "pip_command", lambda: (sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(Reject, match="did not end within"):
        pip.run_pip("install")
