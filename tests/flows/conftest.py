"""A running Amber for tests that only look, and one's own for tests that break things."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .running import Running

ROOT = Path(__file__).resolve().parents[2]
TOLD = 200
"""How many of the last lines of a log are shown when a test fails."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with what several checkouts share: captures of real SDKs."""
    folder = Path(os.environ.get("AMBER_SHARED") or ROOT.parent / "shared")
    assert folder.is_dir(), f"{folder} is missing: set AMBER_SHARED to the folder that holds corpus/"
    return folder


@pytest.fixture(scope="session")
def amber(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An Amber all tests may use that leave it as it was, apart from more events and tokens."""
    with ended(Running(tmp_path_factory.mktemp("shared") / "data")) as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start an Amber of the test's own: `start(toml=…, environment=…)`; with the same `name`, on the same folder."""
    started = Started(tmp_path)
    yield started
    started.stop()


class Started:
    """The Ambers one test started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.all: list[Running] = []

    def __call__(self, name: str = "", **given: Any) -> Running:
        self.all.append(Running(self._folder / (name or f"data{len(self.all)}"), **given))
        return self.all[-1]

    def stop(self) -> None:
        for running in self.all:
            end(running)


@contextmanager
def ended(running: Running) -> Iterator[Running]:
    """An Amber that is ended as Ctrl-C would, whatever happens meanwhile."""
    try:
        yield running
    finally:
        end(running)


def end(running: Running) -> None:
    if running.process.poll() is not None:
        return  # the test ended it itself
    try:
        running.stop()
    finally:
        running.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Any:
    """Show the logs of every Amber a failed test used."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            for running in value.all if isinstance(value, Started) else [value]:
                if isinstance(running, Running):
                    lines = [line for line in running.log().splitlines() if ": New issue " not in line]
                    report.sections.append((f"log of {name}", "\n".join(lines[-TOLD:])))
    return report
