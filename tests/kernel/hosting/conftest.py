"""A plugin's side of the bus, as its process would run it, and Amber's side; between them a real server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from amber.bus.connect import NatsBus
from amber.errors import Unavailable
from amber.hosting.child import Host
from amber.hosting.logins import bus_of, guest
from amber.hosting.proxy import Peer
from amber.hosting.rpc import Given, Hello
from amber.plugin.manifest import Manifest, read_manifest
from amber.processes.natsserver import write_users
from amber.testing.nats import NatsServer

MANIFEST = """name = "{name}"
title = "T"
summary = "S"
families = ["integrations"]
budget_ms = 5000

[rights]
publish = ["guest.noticed"]
"""


class Seat:
    """Where one plugin runs, and Amber's way to ask it."""

    def __init__(self, server: NatsServer, bus: NatsBus, given: Given) -> None:
        self.server, self.bus, self.given = server, bus, given
        self.peer = Peer(given.manifest, lambda: bus, given.process)
        self.host = Host(given)

    def of_worker(self, name: str) -> "Seat":
        """The same plugin in the process that this worker keeps, with a folder of its own."""
        return Seat(self.server, self.bus, replace(self.given, process=name, data=f"{self.given.data}/{name}"))

    def let_in(self) -> None:
        """Have the server know the plugin's login."""
        write_users(self.server.data, self.server.config, [guest(self.given.manifest, self.server.config)])
        for pid in self.server.pids():
            os.kill(pid, signal.SIGHUP)

    async def reload(self) -> None:
        """Have the server read its logins again, and wait until it did."""
        log = self.server.data / "nats" / "nats.log"
        before = log.read_text().count("Reloaded server configuration")
        self.let_in()
        async with asyncio.timeout(30):
            while log.read_text().count("Reloaded server configuration") == before:
                await asyncio.sleep(0.01)

    async def hello(self) -> Hello:
        """What it says as soon as it is there."""
        while True:
            try:
                return await self.peer.hello(5)
            except Unavailable:
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Hello]:
        """Its process from the first word to the last."""
        self.let_in()
        living = asyncio.create_task(self.host.run())
        try:
            yield await self.hello()
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await living
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
            await self.host._client.close()


Take = Callable[..., Awaitable[Seat]]


@pytest.fixture
def take(nats_server: NatsServer, nats_bus: NatsBus, install: Any, tmp_path: Path) -> Callable[..., Seat]:
    """Make a plugin of this code, and a seat for it."""

    def take(code: str, manifest: str = MANIFEST, **given: Any) -> Seat:
        entry = install("guest", manifest, code)
        known: Manifest = read_manifest(entry)
        bus = bus_of("guest", nats_server.config)
        return Seat(
            nats_server, nats_bus, replace(Given(known, entry.module, "1.0", "1.0-a", {}, bus, str(tmp_path)), **given)
        )

    return take
