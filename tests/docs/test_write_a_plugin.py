"""The page about writing a plugin, its commands run as they are printed."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

PAGE = "docs/how-to/write-a-plugin.md"


class Shell:
    """A folder like that of a clone, and what pip puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, site = folder, folder / "site"
        (folder / ".venv").symlink_to(sys.prefix)
        # The same commands, but what they install stays in this folder, and nothing is fetched.
        pip = {"PIP_TARGET": str(site), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AMBER_")}
        self.environment = clean | pip | {"PYTHONPATH": str(site)}

    def run(self, commands: str) -> str:
        """What the commands print; each must succeed."""
        command = ["sh", "-eu", "-c", commands]
        answer = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, blocks: Any) -> tuple[Shell, list[str]]:
    """The folder after all of the page's commands, and what each block of them printed."""
    shell = Shell(tmp_path_factory.mktemp("clone"))
    return shell, [shell.run(commands) for commands in blocks(PAGE, "sh")]


def test_what_is_made_is_what_the_page_lists(said: tuple[Shell, list[str]], root: Path) -> None:
    made = said[0].folder / "amber-customer"
    listed = [line.split("`")[1] for line in (root / PAGE).read_text("utf-8").splitlines() if line.startswith("| `")]
    assert listed
    assert [name for name in listed if not (made / name).exists()] == []


def test_the_function_on_the_page_is_the_one_that_is_made(said: tuple[Shell, list[str]], blocks: Any) -> None:
    module = said[0].folder / "amber-customer" / "amber_customer" / "__init__.py"
    assert textwrap.dedent(blocks(PAGE, "python")[0]) in module.read_text("utf-8")


def test_its_tests_and_the_contract_pass(said: tuple[Shell, list[str]]) -> None:
    assert said[1][1].count(" passed") == 2
    assert " failed" not in said[1][1]


def test_the_enabled_plugin_runs(said: tuple[Shell, list[str]]) -> None:
    shell, printed = said
    assert any(line.split()[:2] == ["customer", "running"] for line in printed[2].splitlines())
    rows = json.loads(shell.run(".venv/bin/amber plugins --json"))
    assert next(row["state"] for row in rows if row["name"] == "customer") == "running"
