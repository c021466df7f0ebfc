"""The process that is `amber serve`: an edge that takes events at once, and API and pages a moment later."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn

from amber.config import Settings
from amber.errors import ConfigError, Unavailable
from amber.identity.access import Access, KeyCache
from amber.ingest.commit import Committer
from amber.ingest.edge import Edge, Parts
from amber.ingest.tally import Tally
from amber.kernel import Kernel
from amber.model import Fact
from amber.processes.runtime import default_file
from amber.running.hosts import Hosts
from amber.running.process import SIGNALS, connect, open_kernel, settle_memory, switchboard
from amber.switches import Switchboard
from amber.version import version
from amber.watching.status import Board, Reporter, Status, merge_reports
from amber.watching.tracing import Tracer

log = logging.getLogger("amber.running.serve")
STILL_STARTING = b'{"status":"not ready","problems":["edge: it takes events, its pages are being made"]}'


class HttpServer(uvicorn.Server):
    """uvicorn under our own signals: its own handling would raise them again before we have drained."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_end = on_end

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End gracefully on SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for signum in SIGNALS:
            loop.add_signal_handler(signum, self._end)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen. Raises ConfigError where that cannot be; uvicorn would end the program out of its task."""
        try:
            await super().startup(sockets)
        except SystemExit:
            place = f"{self.config.host}:{self.config.port}"
            raise ConfigError(f"nothing can listen on {place}; the line above says why") from None

    def _end(self) -> None:
        self.on_end()
        self.should_exit = True


async def serve(settings: Settings, data: Path, file: Path | None = None) -> None:
    """Run an edge with API and pages until SIGTERM or SIGINT; what was accepted is durable before it returns."""
    bus = await connect(settings)
    kernel = await open_kernel(settings, data, bus)
    name = f"edge-{os.getpid()}"
    board = Board()
    await board.start(bus)
    committer = Committer(bus, settings.bus.partitions, kernel.metrics)
    tally = Tally(committer)
    kernel.services.kernel["plugins"] = lambda: merge_reports(kernel.report(), board.others(name))
    edge = Edge(await _parts(kernel, committer, tally))
    edge.serve(list((await kernel.protocols()).values()), starting)
    server = HttpServer(_http(settings, edge), edge.end)
    serving = asyncio.create_task(server.serve())
    tasks = [
        asyncio.create_task(tally.run()),
        asyncio.create_task(Reporter(bus, lambda: _status(kernel, name)).run()),
        asyncio.create_task(Tracer(name, kernel.dispatcher, bus).run()),
        asyncio.create_task(kernel.services.kernel["consumers"].watch()),
    ]
    try:
        kernel.on_switched = partial(_settle, kernel, edge, await _applications(kernel, board, name))
        await kernel.on_switched()
        switches = switchboard(kernel, bus, data, file)
        kernel.services.kernel["installer"] = await _installer(kernel, switches, data, file)
        tasks += [asyncio.create_task(switches.run()), asyncio.create_task(Hosts(kernel).run())]
        settle_memory()
        await serving
    finally:
        server.should_exit = True
        await asyncio.wait([serving])
        for task in tasks:
            task.cancel()
        await _send_rest(tally, committer)
        await kernel.stop()


async def starting(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Answers for the API and the pages until they are there."""
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": STILL_STARTING})


async def _settle(kernel: Kernel, edge: Edge, applications: Any) -> None:
    """Serve what the plugins that run now offer."""
    gc.collect()  # applications that went are full of cycles, and the collector is told to look seldom
    edge.serve(list((await kernel.protocols()).values()), await applications.settle())


async def _applications(kernel: Kernel, board: Board, name: str) -> Any:
    # half a second of imports that no event has to wait for; in a thread, since events come in meanwhile
    await asyncio.to_thread(import_module, "amber.running.app")
    from amber.running.app import Applications
    from amber.running.health import Health

    return Applications(kernel, Health(kernel, board, name), version())


async def _installer(kernel: Kernel, switches: Switchboard, data: Path, file: Path | None) -> Any:
    await asyncio.to_thread(import_module, "amber.installing")  # as above
    from amber.installing import Installer

    return Installer(kernel, switches, lambda: file or default_file(data))


async def _send_rest(tally: Tally, committer: Committer) -> None:
    try:
        await tally.flush()
    except Unavailable as error:
        log.warning("the last second's refusals are not counted: %s", error)
    await committer.drain()


async def _parts(kernel: Kernel, committer: Committer, tally: Tally) -> Parts:
    keys = KeyCache(Access(kernel.dispatcher), kernel.stores.directory)

    def forget(_: Fact) -> None:
        keys.clear()

    await kernel.listen(("key.changed", "project.changed"), forget)
    stores = kernel.stores
    return Parts(kernel.dispatcher, keys, committer, stores.blobs, kernel.metrics, kernel.settings, tally)


def _status(kernel: Kernel, name: str) -> Status:
    # an edge's own metrics are read where they are; its plugins' costs are worth telling
    return Status(name, "edge", time.time(), kernel.metrics.render().decode(), plugins=tuple(kernel.report()))


def _http(settings: Settings, app: Edge) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.server.host,
        port=settings.server.port,
        loop="none",  # we are already running in the loop that it should use
        lifespan="off",  # nothing of ours waits for it, and the application comes after the server
        ws="none",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whom to believe is settled once, by [server] trusted_proxies
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=15,
    )
