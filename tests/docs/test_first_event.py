"""The tutorial and the README's first program, run as they are printed."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

SECONDS = 20


@pytest.fixture(scope="module")
def issues(amber: Any, blocks: Any) -> Callable[[str], str]:
    """What the tutorial's second program prints, as soon as a text is in it."""
    listing = blocks("docs/tutorial/first-event.md", "python")[1]
    token = json.loads(amber.command("token", "create", "--scope", "project:read", "--json"))["token"]

    def ask(wanted: str) -> str:
        deadline = time.monotonic() + SECONDS
        while True:
            answer = amber.program(listing, AMBER_TOKEN=token)
            assert answer.returncode == 0, answer.stderr
            if wanted in answer.stdout:
                return answer.stdout
            assert time.monotonic() < deadline, f"{wanted!r} did not appear: {answer.stdout}"

    return ask


def test_the_tutorials_error_is_one_issue_however_often_it_comes(
    amber: Any, blocks: Any, issues: Callable[[str], str]
) -> None:
    shop = blocks("docs/tutorial/first-event.md", "python")[0]
    assert "RuntimeError: the bill cannot be split" in amber.program(shop).stderr
    shown = issues("(seen: 1)")
    assert "RuntimeError: the bill cannot be split (seen: 1)" in shown
    assert "release: shop@1.0" in shown
    amber.program(shop)
    amber.program(f"\n{shop}")
    assert issues("(seen: 3)").count("seen:") == shown.count("seen:")
    assert amber.program(shop.replace("RuntimeError", "KeyError")).returncode == 1
    assert issues("KeyError").count("seen:") == shown.count("seen:") + 1


def test_the_readmes_error_is_an_issue(amber: Any, blocks: Any, issues: Callable[[str], str]) -> None:
    program = next(block for block in blocks("README.md", "python") if "sentry_sdk" in block)
    assert "ZeroDivisionError" in amber.program(program).stderr
    assert "ZeroDivisionError: division by zero (seen: 1)" in issues("ZeroDivisionError")
