"""Coming and going: being switched off and on without leaving anything behind."""

import asyncio
import gc
import os
import threading
from collections import Counter
from pathlib import Path

from amber.kernel import Kernel
from amber.registry import State
from amber.testing.contract.plugin.base import Contract
from amber.testing.memorybus import MemoryBus
from amber.testing.subject import Subject, make_kernel, settings_for

FOLDERS = (Path("/proc/self/fd"), Path("/dev/fd"))
"""Where a process sees what it holds open."""


async def toggle(kernel: Kernel, subject: Subject, rounds: int) -> tuple[list[State], set[str]]:
    """The states the plugin goes through, and what more rounds than one leave behind."""
    off, on = (settings_for(subject, is_enabled=wanted) for wanted in (False, True))
    states: list[State] = []
    first: set[str] = set()
    for _ in range(rounds):
        for settings in (off, on):
            await kernel.reconcile(settings, {})
            states.append(kernel.registry.plugins[subject.name].state)
        first = first or await alive()
    return states, await alive() - first


async def alive() -> set[str]:
    """Threads, tasks and open files by kind, counted, once those that were told to end had their turn."""
    for _ in range(10):
        await asyncio.sleep(0)
    gc.collect()
    # asyncio's own pool grows to a bound, whoever uses it
    threads = [thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    tasks = [str(task.get_coro()).partition(" at ")[0] for task in asyncio.all_tasks()]
    every = (Counter(f"thread {name}" for name in threads), Counter(f"task {name}" for name in tasks), open_files())
    return {f"{name} ({count})" for counts in every for name, count in counts.items()}


def open_files() -> Counter[str]:
    """What this process holds open, by kind; files by name, but for the database, whose connections are pooled."""
    folder = next((one for one in FOLDERS if one.is_dir()), None)
    names = []
    for entry in os.listdir(folder) if folder is not None else ():
        try:
            names.append(os.readlink(f"{folder}/{entry}"))
        except OSError:  # the list itself was open while it was read
            continue
    pooled = (".db", ".db-wal", ".db-shm", ".lock")
    return Counter(f"file {name.partition(':')[0]}" for name in names if not name.endswith(pooled))


class TogglingContract(Contract):
    suite = "toggle"
    tier = "silver"

    def test_switching_off_and_on_leaves_nothing_behind(self, subject: Subject, tmp_path: Path) -> None:
        # without these nothing works, so they are left running
        needed = [*subject.roles, *(hook for hook in subject.hooks if hook == "scrub_events")]
        off = State.RUNNING if needed else State.DISABLED

        async def run() -> None:
            kernel = make_kernel(subject, tmp_path)
            await kernel.start(MemoryBus())
            try:
                states, left = await toggle(kernel, subject, self.rounds)
            finally:
                await kernel.stop()
            assert states == [off, State.RUNNING] * self.rounds, "it must stop and start as often as people like"
            assert left == set(), "these are started by every plugin_start and ended by no plugin_stop"

        asyncio.run(run())
