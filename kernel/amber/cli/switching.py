"""What `amber plugins` asks of a running Amber, and of the configuration."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from amber import runtime
from amber.bus.connect import NatsBus
from amber.config import Settings
from amber.errors import ConfigError, Unavailable
from amber.kernel import Kernel
from amber.model import AuditEntry
from amber.registry import State
from amber.status import PERIOD, Board, Status, merge_reports
from amber.switches import Switchboard, read_switches

PATIENCE = 10.0
"""Seconds in which every running process should have done what was asked."""


async def switched(name: str, enabled: bool, data: Path, config: Path | None) -> tuple[str, str]:
    """Switch, and wait until every running process says that it did; the plugin's state and the reason for it."""
    settings = runtime.settings(data, config)
    async with _bus(settings) as bus:
        if bus is None:
            raise ConfigError(
                f"no running Amber was found: start it, or write [plugins.{name}] enabled = {str(enabled).lower()}"
                " into amber.toml"
            )
        kernel = Kernel(settings, data)
        kernel.registry.heed(await read_switches(bus))
        await kernel.start(bus)
        board = Board()
        await board.start(bus)
        switchboard = Switchboard(kernel, bus, lambda: settings, lambda: config or runtime.default_file(data))
        audit = AuditEntry(_first_organisation(kernel), "cli", "plugin.switch", name, time.time())
        await switchboard.toggle(name, enabled, audit)
        await asyncio.sleep(2 * PERIOD)
        row = await _settled(name, kernel, board, enabled)
        await kernel.stop()
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


def _first_organisation(kernel: Kernel) -> int:
    """What concerns the whole installation is noted where its first owner looks."""
    return min((one.id for one in kernel.stores.directory.organisations()), default=0)


async def report_of(settings: Settings, data: Path) -> list[dict[str, Any]]:
    """What the configuration makes of each plugin, and what running processes say of it."""
    async with _bus(settings) as bus:
        kernel = Kernel(settings, data)
        if bus is not None:
            kernel.registry.heed(await read_switches(bus))
        await kernel.start(is_storing=False)
        report = merge_reports(kernel.report(), await _running(bus))
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
    if settings.bus.url:
        try:
            bus = await NatsBus(settings.bus).connect(attempts=1)
        except Unavailable:
            bus = None
    try:
        yield bus
    finally:
        if bus is not None:
            await bus.close()
