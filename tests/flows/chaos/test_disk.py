"""A disk that is full: clients are told, nothing is lost, and room ends it, by itself unless a database died of it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.flows.conftest import ended
from tests.flows.running import Running, wait_until

from .audit import look, problems, settled
from .load import Load, under
from .postgres import Postgres
from .system import Spread
from .test_bus import accepts_more, broken_promises, hears_503

SIZE = 48 << 20
POSTGRES = 160 << 20
"""Room for an empty database and the first of its log."""
ONCE, TOLD, ASKED = {"AMBER_WORKER_ATTEMPTS": "1"}, 8, 3
"""An item that is to blame itself would be dead at once; and how often workers hear of the full disk meanwhile, and of
files that cannot be written, which they ask ever less often."""


@contextmanager
def disk(size: int) -> Iterator[Path]:
    """A file system of so many bytes, not below pytest's own folder, where PostgreSQL may not look."""
    assert os.geteuid() == 0, "a small file system must be mounted for this test: run it as root"
    with TemporaryDirectory(prefix="amber-chaos-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "small", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room at all."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def test_a_full_disk_loses_nothing_and_room_ends_the_trouble() -> None:
    with disk(SIZE) as small, ended(Running(small / "data")) as amber:
        with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
            accepts_more(load)
            ballast = fill(small)
            hears_503(amber, load)
            ballast.unlink()
            accepts_more(load)
        wait_until(amber.is_ready)
        assert broken_promises(amber, load) == []


@pytest.mark.parametrize("is_fatal", [False, True], ids=["its tables", "its log"])
def test_a_database_whose_disk_is_full_is_waited_for(tmp_path: Path, is_fatal: bool) -> None:
    with disk(POSTGRES) as small, closing(Spread(tmp_path, ONCE, Postgres(small))) as system:
        wait_until(system.is_ready)
        with under(Load(system.url, system.project, system.key, seed=1)) as load:
            accepts_more(load)
            ballast = fill(small)
            wait_until(lambda: system.log().count("No space left on device") >= TOLD)
            if is_fatal:
                system.postgres.use_up_log()
            accepts_more(load)
            ballast.unlink()
            if is_fatal:
                system.revive("postgres")  # it ended itself; without that it goes on by itself
            accepts_more(load)
        wait_until(system.is_ready)
        wait_until(settled(system.database, system.bus, system.keep))
        assert problems(look(system.database, system.bus), load) == []


@contextmanager
def unwritable(*files: Path) -> Iterator[None]:
    """Nobody may write into these files, not even who has them open: a disk turned read-only by a fault."""
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


def test_database_files_that_may_only_be_read_are_waited_for(start: Callable[..., Running]) -> None:
    amber = start(environment=ONCE)
    with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
        accepts_more(load)
        with unwritable(amber.data / "amber.db", amber.data / "amber.db-wal"):
            wait_until(lambda: amber.log().count("digest: the database does not answer") >= ASKED)
            accepts_more(load)
        accepts_more(load)
    wait_until(amber.is_ready)
    assert broken_promises(amber, load) == []
