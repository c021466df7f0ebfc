"""What a plugin's process is given, and how much is heard of it."""

import logging
import os
from pathlib import Path

import msgspec
import pytest

from amber.config import BusConfig
from amber.errors import ConfigError
from amber.hosting.rpc import Given
from amber.hosting.tenant import LINES, WIDTH, WINDOW, Excerpt, child_of, clean
from amber.plugin.manifest import Manifest
from amber.testing.clock import Clock

LOG = logging.getLogger("test.excerpt")


def test_nothing_of_ours_is_in_the_environment_but_what_python_needs() -> None:
    ours = {"PATH": "/bin", "PYTHONPATH": "/site", "AMBER_BUS_TOKEN": "t", "AWS_KEY": "k", "HOME": "/h", "LANG": "C"}
    assert clean(ours | {"COVERAGE_PROCESS_CONFIG": "c"}) == {
        "PATH": "/bin",
        "PYTHONPATH": "/site",
        "LANG": "C",
        "COVERAGE_PROCESS_CONFIG": "c",
        "MALLOC_ARENA_MAX": "2",
    }


def test_a_process_is_told_everything_over_its_standard_input(tmp_path: Path) -> None:
    manifest = Manifest("guest", "Guest", "A stranger's.", ("integrations",))
    bus = BusConfig(url="nats://127.0.0.1:1", user="plugin-guest", token="s3cret")
    given = Given(manifest, "amber_guest", "1.0", "1.0-a", {"key": "k3y"}, bus, str(tmp_path))
    ended: list[int | str] = []
    child = child_of(given, 64, ended.append)
    assert msgspec.json.decode(child.given, type=Given) == given
    assert (child.name, child.command[-2:]) == ("plugin-guest", ["guest", "64"])
    told = " ".join((*child.command, *child.environment.values()))
    assert "s3cret" not in told
    assert "k3y" not in told
    assert set(child.environment) <= set(os.environ) | {"MALLOC_ARENA_MAX"}
    child.ended(7)
    assert ended == [7]


def test_a_process_that_could_not_be_told_all_is_not_started(tmp_path: Path) -> None:
    manifest = Manifest("guest", "Guest", "A stranger's.", ("integrations",))
    given = Given(manifest, "amber_guest", "1.0", "1.0-a", {"key": "k" * 70_000}, BusConfig(), str(tmp_path))
    with pytest.raises(ConfigError, match=r"its settings take 70\d\d\d bytes"):
        child_of(given, 64, lambda code: None)


def test_lines_are_passed_on_until_they_are_too_many_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOG.name)
    clock = Clock()
    excerpt = Excerpt(LOG, clock)
    excerpt.hear(b"one\ntw\xff\n")
    assert caplog.messages == ["one", "tw\ufffd"]
    excerpt.hear(b"12345\n" * LINES)
    assert len(caplog.messages) == LINES
    clock.forward(WINDOW + 0.1)
    excerpt.hear(b"later\n")
    assert caplog.messages[LINES:] == ["wrote 10 bytes more, which are left out", "later"]
    clock.forward(WINDOW + 0.1)
    excerpt.hear(b"quiet\n")
    assert caplog.messages[LINES + 2 :] == ["quiet"], "nothing was left out meanwhile"


def test_a_line_without_end_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOG.name)
    clock = Clock()
    excerpt = Excerpt(LOG, clock)
    excerpt.hear(b"x" * (LINES * WIDTH + 7))
    assert [len(one) for one in caplog.messages] == [WIDTH]
    clock.forward(WINDOW + 0.1)
    excerpt.hear(b"")
    assert caplog.messages[1:] == ["wrote 7 bytes more, which are left out"]
