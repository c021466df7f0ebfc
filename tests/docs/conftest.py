"""Pages as programs: their code blocks, and an Amber to run them against."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
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
    data = tmp_path_factory.mktemp("amber") / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "amber", "up", "--json", "--port", port, "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield Running(data, json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(timeout=30)
