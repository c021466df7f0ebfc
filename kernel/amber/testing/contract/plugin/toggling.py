"""Coming and going: migrations from nothing, and being switched off and on without leaving anything behind."""

import asyncio
import gc
import threading
from pathlib import Path

from sqlalchemy import create_engine, inspect

from amber.bus.memory import MemoryBus
from amber.kernel import Kernel
from amber.migrate import upgrade
from amber.registry import State
from amber.spec import Kind, hooks
from amber.testing.contract.plugin.subject import Contract, Subject, make_kernel, settings_for


async def toggle(kernel: Kernel, subject: Subject, rounds: int) -> tuple[list[State], set[str]]:
    """The states the plugin goes through, and the threads and tasks that more rounds than one leave behind."""
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
    """Threads and tasks by kind, counted, once those that were told to end had their turn."""
    for _ in range(10):
        await asyncio.sleep(0)
    gc.collect()
    # asyncio's own pool grows to a bound, whoever uses it
    threads = [thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    tasks = [str(task.get_coro()).partition(" at ")[0] for task in asyncio.all_tasks()]
    return {f"{name} ({names.count(name)})" for names in (threads, tasks) for name in names}


class TogglingContract(Contract):
    def test_tables_grow_from_nothing(self, subject: Subject, tmp_path: Path) -> None:
        if subject.migrations is not None:
            engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
            upgrade(engine, subject.name, subject.migrations)
            tables = inspect(engine).get_table_names()
            upgrade(engine, subject.name, subject.migrations)
            assert inspect(engine).get_table_names() == tables
            assert len(tables) > 1, "migrations that make no table"
            engine.dispose()

    def test_switching_off_and_on_leaves_nothing_behind(self, subject: Subject, tmp_path: Path) -> None:
        # without these nothing works, so they are left running
        needed = [hook for hook in subject.hooks if hooks()[hook].kind is Kind.ROLE or hook == "scrub_events"]
        off = State.RUNNING if needed else State.DISABLED

        async def run() -> None:
            kernel = make_kernel(subject, tmp_path)
            await kernel.start(MemoryBus())
            try:
                states, left = await toggle(kernel, subject, self.rounds)
            finally:
                await kernel.stop()
            assert states == [off, State.RUNNING] * self.rounds
            assert left == set(), "these are started by every plugin_start and ended by no plugin_stop"

        asyncio.run(run())
