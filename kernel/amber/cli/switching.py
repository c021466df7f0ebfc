"""What `amber plugins` asks of a running Amber, and of the configuration."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from amber.bus.connect import NatsBus
from amber.config import Settings
from amber.desks.queues import QueueDesk
from amber.errors import ConfigError, Unavailable
from amber.kernel import Kernel
from amber.model import AuditEntry
from amber.processes import runtime
from amber.registry import State
from amber.running.hosts import Hosts
from amber.switches import Switchboard, read_switches
from amber.watching.status import PERIOD, Board, Status, merge_reports

FOUND = 2.0
"""Seconds in which a running Amber's bus should take a connection."""
PATIENCE = 10.0
"""Seconds in which every running process should have done what was asked."""


class Beside(NamedTuple):
    """A kernel of this command's own, and the switchboard of the Amber beside it; None where none runs."""

    kernel: Kernel
    switchboard: Switchboard | None
    board: Board
    file: Callable[[], Path]

    def audit(self, action: str, name: str) -> AuditEntry:
        """What is noted of a deed; what concerns the whole installation is noted where its first owner looks."""
        known = "directory" in self.kernel.services.roles
        organisations = self.kernel.stores.directory.organisations() if known else ()
        return AuditEntry(min((one.id for one in organisations), default=0), "cli", action, name, time.time())


@asynccontextmanager
async def beside(data: Path, config: Path | None, *, is_storing: bool = False) -> AsyncIterator[Beside]:
    """Stand beside the running Amber, if there is one, with a kernel that knows what its processes say.

    `is_storing`: with stores and tables also where none runs, which plugins may need that decide about an offer.
    """
    settings = runtime.settings(data, config)

    def file() -> Path:
        return config or runtime.default_file(data)

    async with _bus(settings) as bus:
        kernel, board, switchboard = Kernel(settings, data), Board(), None
        if bus is not None:
            kernel.registry.heed(await read_switches(bus))
            await board.start(bus)
            switchboard = Switchboard(kernel, bus, lambda: runtime.settings(data, config), file)
        await kernel.start(bus, is_storing=is_storing or bus is not None)
        hosting = asyncio.create_task(Hosts(kernel).run())
        kernel.services.kernel["plugins"] = lambda: merge_reports(kernel.report(), board.alive())
        try:
            yield Beside(kernel, switchboard, board, file)
        finally:
            hosting.cancel()
            await kernel.stop()


async def heed_switches(kernel: Kernel) -> None:
    """Let a kernel that is not started yet go by what people switched in the running Amber, if there is one."""
    async with _bus(kernel.settings) as bus:
        if bus is not None:
            kernel.registry.heed(await read_switches(bus))


async def switched(name: str, enabled: bool, data: Path, config: Path | None) -> tuple[str, str]:
    """Switch, and wait until every running process says that it did; the plugin's state and the reason for it."""
    async with beside(data, config) as here:
        if here.switchboard is None:
            raise ConfigError(
                f"no running Amber was found: start it, or write [plugins.{name}] enabled = {str(enabled).lower()}"
                " into amber.toml"
            )
        await here.switchboard.toggle(name, enabled, here.audit("plugin.switch", name))
        await asyncio.sleep(2 * PERIOD)
        row = await _settled(name, here.kernel, here.board, enabled)
        return row["state"], row["reason"]


async def _settled(name: str, kernel: Kernel, board: Board, enabled: bool) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        said = [row for status in board.alive() for row in status.plugins if row["name"] == name]
        mine = next(row for row in kernel.report() if row["name"] == name)
        waiting = [row for row in (*said, mine) if (row["state"] == State.RUNNING) is not enabled]
        if not waiting or time.monotonic() > deadline:
            return (waiting or [mine])[0]
        await asyncio.sleep(0.1)


async def report_of(settings: Settings, data: Path) -> list[dict[str, Any]]:
    """What the configuration makes of each plugin, and what running processes say of it."""
    async with _bus(settings) as bus:
        kernel = Kernel(settings, data)
        if bus is not None:
            kernel.registry.heed(await read_switches(bus))
        await kernel.start(is_storing=False)
        others = await _running(bus)
        told = {row["name"] for status in others for row in status.plugins}
        # whether a plugin works that runs elsewhere is known to those that ask it
        own = [row for row in kernel.report() if row["isolation"] == "inline" or row["name"] not in told]
        report = sorted(merge_reports(own, others), key=lambda row: str(row["name"]))
        if bus is not None:
            report = await QueueDesk(lambda: bus, lambda: kernel.stores.directory).laden(report)
        await kernel.stop()
    return report


async def _running(bus: NatsBus | None) -> list[Status]:
    """The processes that speak up within a period; none where no Amber runs."""
    if bus is None:
        return []
    board = Board()
    await board.start(bus)
    await asyncio.sleep(1.5 * PERIOD)
    return board.alive()


@asynccontextmanager
async def _bus(settings: Settings) -> AsyncIterator[NatsBus | None]:
    """The bus of the running Amber; None where none runs."""
    bus: NatsBus | None = None
    if settings.bus.url and await _is_listening(settings.bus.url):
        with suppress(Unavailable):
            bus = await NatsBus(settings.bus).connect(attempts=10)
    try:
        yield bus
    finally:
        if bus is not None:
            await bus.close()


async def _is_listening(url: str) -> bool:
    """Whether anybody is at this address; the client of the bus would try for longer, and complain about each time."""
    place = urlsplit(url)
    try:
        async with asyncio.timeout(FOUND):
            _, writer = await asyncio.open_connection(place.hostname, place.port or 4222)
    except OSError:  # that nobody answered in time is one too
        return False
    writer.close()
    return True
