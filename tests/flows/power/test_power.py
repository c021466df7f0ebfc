"""A 200 survives the loss of power with `durability = "power"`, and the death of every process with `"process"`.

All that Amber keeps, NATS's store and the database, lies on a file system that forgets what was not synced.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.chaos.audit import look, problems, settled
from tests.flows.chaos.load import Load, under
from tests.flows.chaos.system import bus_of, signal_all
from tests.flows.conftest import ended
from tests.flows.running import Running, wait_until

from .disk import Disk

ENOUGH = 300
"""Events answered 200 while the worker digests, and again while it stands still."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    yield made
    made.cut()
    made.let_go()


def accepts_more(load: Load) -> None:
    wanted = len(load.accepted) + ENOUGH
    wait_until(lambda: len(load.accepted) >= wanted)


def ended_under_load(amber: Running, end: Callable[[], None]) -> Load:
    """What was sent until `end` took everything away; half of it was digested, half waits on the bus."""
    with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
        accepts_more(load)
        os.kill(amber.children()["worker"], signal.SIGSTOP)
        accepts_more(load)
        end()
        amber.kill()
    return load


def broken_promises(amber: Running, load: Load) -> list[str]:
    database, bus = f"sqlite:///{amber.data / 'amber.db'}", bus_of(amber.data)
    wait_until(settled(database, bus))
    return problems(look(database, bus), load)


def kill_all(amber: Running) -> None:
    signal_all([*amber.children().values(), amber.process.pid], signal.SIGKILL)


def again(disk: Disk, durability: str) -> Running:
    """Amber on what has reached the disk."""
    disk.let_go()
    disk.power()
    return Running(disk.folder / "data", environment={"AMBER_BUS_DURABILITY": durability})


def test_what_was_answered_200_survives_the_loss_of_power(disk: Disk) -> None:
    amber = Running(disk.folder / "data")
    load = ended_under_load(amber, disk.cut)
    with ended(again(disk, "power")) as amber:
        assert broken_promises(amber, load) == []


def test_without_fsync_the_loss_of_power_takes_what_was_answered_200(disk: Disk) -> None:
    """What the test above finds would be found missing: this file system really forgets."""
    amber = Running(disk.folder / "data", environment={"AMBER_BUS_DURABILITY": "process"})
    load = ended_under_load(amber, disk.cut)
    with ended(again(disk, "process")) as amber:
        assert any("are lost" in broken for broken in broken_promises(amber, load))


def test_without_fsync_what_was_answered_200_survives_the_death_of_every_process(disk: Disk) -> None:
    amber = Running(disk.folder / "data", environment={"AMBER_BUS_DURABILITY": "process"})
    load = ended_under_load(amber, lambda: kill_all(amber))
    with ended(Running(disk.folder / "data", environment={"AMBER_BUS_DURABILITY": "process"})) as amber:
        assert broken_promises(amber, load) == []
