"""A disk that is full: clients are told, nothing is lost, and room ends it, without anybody's help."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import ended
from tests.flows.running import Running, wait_until

from .load import Load, under
from .test_bus import accepts_more, broken_promises, hears_503

SIZE = 48 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    assert os.geteuid() == 0, "a small file system must be mounted for this test: run it as root"
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "small", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room at all."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def test_a_full_disk_loses_nothing_and_room_ends_the_trouble(small_disk: Path) -> None:
    with ended(Running(small_disk / "data")) as amber:
        with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
            accepts_more(load)
            ballast = fill(small_disk)
            hears_503(amber, load)
            ballast.unlink()
            accepts_more(load)
        wait_until(amber.is_ready)
        assert broken_promises(amber, load) == []
