"""What a newcomer's first command does before Amber is there."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """A folder with the files that set Amber up, and nothing installed."""
    (tmp_path / "tools").mkdir()
    shutil.copy(root / "tools" / "set-up", tmp_path / "tools")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    return tmp_path


def test_without_a_usable_python_it_says_what_to_install(clone: Path) -> None:
    answer = subprocess.run(["make", "setup", "PYTHON=false"], cwd=clone, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "Amber needs Python 3.11 or newer" in answer.stderr
    assert not (clone / ".venv").exists()


def test_a_second_set_up_does_nothing(clone: Path) -> None:
    (clone / ".venv").mkdir()
    (clone / ".venv" / ".ready").touch()
    answer = subprocess.run(["make", "setup"], cwd=clone, check=True, capture_output=True, text=True)
    assert "Installing" not in answer.stdout


def test_make_alone_lists_the_commands(clone: Path) -> None:
    answer = subprocess.run(["make"], cwd=clone, check=True, capture_output=True, text=True)
    assert {"make run", "make test", "make check", "make bench", "make docs"} <= {
        line.split("\t")[0].strip()[:10].strip() for line in answer.stdout.splitlines()
    }
