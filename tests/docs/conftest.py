"""Pages as programs: their code blocks, and an Amber to run them against."""

import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

Blocks = Callable[[str, str], list[str]]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without the settings of somebody's own Amber."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AMBER_")} | more


class Running(Struct, frozen=True):
    """An Amber that runs: its data folder and what `amber up --json` said."""

    data: Path
    told: dict[str, Any]

    def command(self, *words: str) -> str:
        """What an `amber` command beside it prints."""
        command = [sys.executable, "-m", "amber", *words, "--data", str(self.data)]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout

    def program(self, source: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a page's program with this Amber's addresses in the place of the page's."""
        pointed = re.sub(r"http://[^/\s\"]+@127\.0\.0\.1:8000/1", self.told["dsn"], source)
        pointed = pointed.replace("http://127.0.0.1:8000", self.told["url"])
        file = self.data / "program.py"
        file.write_text(pointed, encoding="utf-8")
        return subprocess.run([sys.executable, file], capture_output=True, text=True, env=environment(**variables))


class Shell:
    """A folder like that of a clone, with a `.venv` of its own, which sees what the tests' own environment holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / ".venv", with_pip=False)
        self.python = str(folder / ".venv" / "bin" / "python")
        self.environment = environment(PIP_NO_BUILD_ISOLATION="0", PIP_NO_INDEX="1")  # nothing is fetched
        site = self.run('.venv/bin/python -c "import site; print(*site.getsitepackages())"')
        outer = sysconfig.get_path("purelib")
        Path(site.strip(), "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n", encoding="utf-8")
        for command in ("amber", "pip", "pytest"):
            self._command(command)

    def _command(self, name: str) -> None:
        file = self.folder / ".venv" / "bin" / name
        file.write_text(f'#!/bin/sh\nexec "{self.python}" -m {name} "$@"\n', encoding="utf-8")
        file.chmod(0o755)

    def run(self, commands: str) -> str:
        """What the commands print; each must succeed."""
        command = ["sh", "-eu", "-c", commands]
        answer = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture(scope="session")
def clone() -> type[Shell]:
    """Makes a folder in which a page's commands can be run."""
    return Shell


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def blocks(root: Path) -> Blocks:
    """The fenced code blocks of a page in one language, in order."""

    def find(page: str, language: str) -> list[str]:
        return re.findall(rf"^```{language}\n(.*?)^```$", (root / page).read_text(encoding="utf-8"), re.M | re.S)

    return find


@pytest.fixture(scope="module")
def amber(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("amber") / "data") as started:
        yield started


@contextmanager
def running(data: Path, python: str = sys.executable) -> Iterator[Running]:
    """An Amber of this Python on this folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [python, "-m", "amber", "up", "--json", "--port", port, "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield Running(data, json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def start() -> Callable[..., Any]:
    """Starts an Amber of a Python on a folder."""
    return running
