"""The processes themselves: `amber serve` (edge and API) and `amber work` (digest)."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from amber import runtime
from amber.access import Access, KeyCache
from amber.app import Health, make_app
from amber.bus.connect import NatsBus
from amber.commit import Committer
from amber.config import Settings
from amber.edge import Edge, Parts
from amber.errors import Unavailable
from amber.kernel import Kernel
from amber.model import Fact
from amber.status import Board, Reporter, Status, merge_reports
from amber.switches import Switchboard, read_switches
from amber.tally import Tally
from amber.version import version
from amber.worker import Worker

log = logging.getLogger("amber.serve")
SIGNALS = (signal.SIGTERM, signal.SIGINT)


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

    def _end(self) -> None:
        self.on_end()
        self.should_exit = True


async def serve(settings: Settings, data: Path, file: Path | None = None) -> None:
    """Run an edge with API and pages until SIGTERM or SIGINT; what was accepted is durable before it returns."""
    kernel, bus = await open_kernel(settings, data)
    name = f"edge-{os.getpid()}"
    board = Board()
    await board.start(bus)
    committer = Committer(bus, settings.bus.partitions, kernel.metrics)
    tally = Tally(committer)
    kernel.services.kernel["plugins"] = lambda: merge_reports(kernel.report(), board.others(name))
    health = Health(kernel, board, name)
    edge = Edge(await _parts(kernel, committer, tally))

    async def settle() -> None:
        """Serve what the plugins that run now offer."""
        edge.serve(list((await kernel.protocols()).values()), await make_app(kernel, health, version()))

    await settle()
    kernel.on_switched = settle
    tasks = [
        asyncio.create_task(tally.run()),
        asyncio.create_task(Reporter(bus, lambda: _status(kernel, name)).run()),
        asyncio.create_task(switchboard(kernel, bus, data, file).run()),
        asyncio.create_task(kernel.services.kernel["consumers"].watch()),
    ]
    settle_memory()
    try:
        await HttpServer(_http(settings, edge), edge.end).serve()
    finally:
        for task in tasks:
            task.cancel()
        await _send_rest(tally, committer)
        await kernel.stop()


async def _send_rest(tally: Tally, committer: Committer) -> None:
    try:
        await tally.flush()
    except Unavailable as error:
        log.warning("the last second's refusals are not counted: %s", error)
    await committer.drain()


async def work(settings: Settings, data: Path, file: Path | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT; what is in hand is finished first."""
    kernel, bus = await open_kernel(settings, data)
    stop = asyncio.Event()
    for signum in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    switching = asyncio.create_task(switchboard(kernel, bus, data, file).run())
    settle_memory()
    try:
        await Worker(kernel, bus).run(stop)
    finally:
        switching.cancel()
        await kernel.stop()


def switchboard(kernel: Kernel, bus: NatsBus, data: Path, file: Path | None) -> Switchboard:
    """What keeps this process's plugins as people want them."""
    return Switchboard(kernel, bus, lambda: runtime.settings(data, file), lambda: file or runtime.default_file(data))


async def open_kernel(settings: Settings, data: Path) -> tuple[Kernel, NatsBus]:
    """A started kernel and the bus it is connected to."""
    bus = await NatsBus(settings.bus, settings.ingest.publish_timeout).connect()
    kernel = Kernel(settings, data)
    kernel.registry.heed(await read_switches(bus))
    await kernel.start(bus)
    return kernel, bus


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
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whom to believe is settled once, by [server] trusted_proxies
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=15,
    )


def settle_memory() -> None:
    """Keep what was loaded at start out of the garbage collector, whose full rounds cost 75 ms at p99."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
