"""The page about writing a plugin, its commands run as they are printed."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

PAGE = "docs/how-to/write-a-plugin.md"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, blocks: Any, clone: Any) -> tuple[Any, list[str]]:
    """The folder after all of the page's commands, and what each block of them printed."""
    shell = clone(tmp_path_factory.mktemp("clone"))
    return shell, [shell.run(commands) for commands in blocks(PAGE, "sh")]


def test_what_is_made_is_what_the_page_lists(said: tuple[Any, list[str]], root: Path) -> None:
    made = said[0].folder / "amber-customer"
    listed = [line.split("`")[1] for line in (root / PAGE).read_text("utf-8").splitlines() if line.startswith("| `")]
    assert listed
    assert [name for name in listed if not (made / name).exists()] == []


def test_the_function_on_the_page_is_the_one_that_is_made(said: tuple[Any, list[str]], blocks: Any) -> None:
    module = said[0].folder / "amber-customer" / "amber_customer" / "__init__.py"
    assert textwrap.dedent(blocks(PAGE, "python")[0]) in module.read_text("utf-8")


def test_its_tests_and_the_contract_pass(said: tuple[Any, list[str]]) -> None:
    assert said[1][1].count(" passed") == 2
    assert " failed" not in said[1][1]


def test_the_enabled_plugin_waits_for_a_worker_to_run_it(said: tuple[Any, list[str]]) -> None:
    shell, printed = said
    assert any(line.split()[:2] == ["customer", "starting"] for line in printed[2].splitlines())
    rows = json.loads(shell.run(".venv/bin/amber plugins --json"))
    assert next(row["state"] for row in rows if row["name"] == "customer") == "starting"
