"""The process that is `amber work`: a worker from its start to its end."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from amber.bus.connect import NatsBus
from amber.config import Settings
from amber.kernel import Kernel
from amber.poison.journal import Journal, open_journal
from amber.processes.lifesigns import Lifesigns
from amber.processes.supervisor import PREDECESSOR, Supervisor
from amber.running.firststart import prepare, telling
from amber.running.hosts import Hosts
from amber.running.process import SIGNALS, connect, open_kernel, settle_memory, switchboard
from amber.running.worker import Worker


async def work(settings: Settings, data: Path, file: Path | None = None, first_start: Path | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT; what is in hand is finished first.

    With the pipe `first_start` it makes what an installation must have before it begins, and tells who listens there.
    """
    bus = await connect(settings)
    kernel = await _prepared(settings, data, bus, first_start)
    stop = asyncio.Event()
    for signum in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    switching = asyncio.create_task(switchboard(kernel, bus, data, file).run())
    supervisor = Supervisor()
    hosting = asyncio.create_task(Hosts(kernel, supervisor).run())
    settle_memory()
    async with journalled(data, settings.worker.hang_after) as journal:
        try:
            await Worker(kernel, bus, journal).run(stop)
        finally:
            switching.cancel()
            hosting.cancel()
            await supervisor.end()
            await kernel.stop()


@contextlib.asynccontextmanager
async def journalled(data: Path, hang_after: float) -> AsyncIterator[Journal]:
    """A journal for this process, which ends itself if it hangs."""
    journal = open_journal(data, os.environ.get(PREDECESSOR, ""))
    if journal.trace_file is None:
        yield journal
        return
    signs = Lifesigns(journal.trace_file, hang_after)
    giving = asyncio.create_task(signs.run())
    try:
        yield journal
    finally:
        giving.cancel()
        signs.close()
        journal.close()


async def _prepared(settings: Settings, data: Path, bus: NatsBus, first_start: Path | None) -> Kernel:
    with telling(first_start) as mouth:
        kernel = await open_kernel(settings, data, bus)
        if mouth is not None:
            await prepare(kernel, mouth)
    return kernel
