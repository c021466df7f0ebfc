"""What a tree of processes uses: memory, processor time, file descriptors and threads."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

TICK = os.sysconf("SC_CLK_TCK")


class Use(Struct, frozen=True):
    """What processes hold right now. `pss` is their proportional share of memory, in MB."""

    pss: float = 0.0
    files: int = 0
    threads: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.pss + other.pss, self.files + other.files, self.threads + other.threads)

    def most(self, other: "Use") -> "Use":
        """The larger of each figure."""
        return Use(max(self.pss, other.pss), max(self.files, other.files), max(self.threads, other.threads))


def tree(roots: Sequence[int]) -> list[int]:
    """These processes and all below them."""
    found: list[int] = []
    for pid in roots:
        found += [pid, *tree(_children(pid))]
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += map(int, _read(task).split())
    return children


def use(pids: Sequence[int]) -> Use:
    """What these processes hold together; one that is gone holds nothing."""
    return sum(map(_use, pids), Use())


def _use(pid: int) -> Use:
    rollup = _read(Path(f"/proc/{pid}/smaps_rollup"))
    kilobytes = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    try:
        return Use(kilobytes / 1024, len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return Use()


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time these processes and their ended children have used."""
    total = 0
    for pid in pids:
        fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / TICK


def command_line(pid: int) -> list[str]:
    """The words a process was started with."""
    return _read(Path(f"/proc/{pid}/cmdline")).split("\0")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""


class Watch:
    """Samples what processes hold while something runs: `with Watch(pids) as watch: …`, then `watch.most`."""

    def __init__(self, pids: Callable[[], Sequence[int]], period: float = 0.5) -> None:
        self._pids, self._period = pids, period
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.most = Use()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._period):
            self.most = self.most.most(use(self._pids()))
