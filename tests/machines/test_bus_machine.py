"""The same machine on the bus in memory and on a real NATS server, which also dies."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis.stateful import precondition, rule

from amber.bus import Bus
from amber.bus.connect import NatsBus
from amber.testing.contract.bus import until
from amber.testing.memorybus import MemoryBus
from amber.testing.nats import NatsServer

from .busmachine import BusMachine
from .clock import Clock
from .steering import drive


class MemoryMachine(BusMachine):
    """The bus in memory, under a clock of the machine's own."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.patched = patch("amber.testing.memorybus.time", self.clock)
        self.patched.start()

    def now(self) -> float:
        return self.clock.now

    async def begin(self) -> Bus:
        return MemoryBus()

    async def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patched.stop()


class NatsMachine(BusMachine):
    """A server of each history's own; it is killed and started again now and then."""

    ack_wait = 0.6
    patience = 0.05

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="amber-nats-"))
        self.server = NatsServer(self.folder)
        self.crashes = 0

    def now(self) -> float:
        return self.runner.get_loop().time()

    async def begin(self) -> Bus:
        self.server.start()
        return await NatsBus(self.server.config).connect()

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @precondition(lambda self: self.crashes < 2)
    @rule()
    def crash(self) -> None:
        """Killed and started again: nothing that waits is lost; what was acknowledged last may come again."""
        self.crashes += 1
        self.blurred |= self.gone | set(self.waiting)
        self.run(self._crash())

    async def _crash(self) -> None:
        self.server.kill()
        await until(lambda: not self.bus.is_ready)
        self.server.start()
        await until(lambda: self.bus.is_ready)

    async def end(self) -> None:
        await super().end()
        self.server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_the_bus_in_memory_keeps_its_promises() -> None:
    drive(MemoryMachine, examples=60, steps=40)


def test_nats_keeps_the_same_promises_through_crashes() -> None:
    drive(NatsMachine, examples=6, steps=25)
