"""The processes themselves: `amber serve` (edge and API) and `amber work` (digest)."""

import asyncio
import gc
import logging
import os
import signal
import time
from pathlib import Path

import uvicorn

from amber.access import Access, KeyCache
from amber.app import Health, make_app
from amber.bus.connect import NatsBus
from amber.commit import Committer
from amber.config import Settings
from amber.edge import Edge, Parts
from amber.kernel import Kernel
from amber.model import Fact
from amber.status import Board, Reporter, Status
from amber.tally import Tally
from amber.version import version
from amber.worker import Worker

log = logging.getLogger("amber.serve")


async def serve(settings: Settings, data: Path) -> None:
    """Run an edge with API and pages until SIGTERM or SIGINT; what was accepted is durable before it returns."""
    kernel = await open_kernel(settings, data)
    if kernel.bus is None:
        raise RuntimeError("open_kernel gives a kernel with a bus")
    name = f"edge-{os.getpid()}"
    board = Board()
    await board.start(kernel.bus)
    committer = Committer(kernel.bus, settings.bus.partitions, kernel.metrics)
    tally = Tally(committer)
    app = await make_app(kernel, Health(kernel, board, name), version())
    edge = Edge(list((await kernel.protocols()).values()), await _parts(kernel, committer, tally), app)
    tasks = [
        asyncio.create_task(tally.run()),
        asyncio.create_task(Reporter(kernel.bus, lambda: _status(kernel, name)).run()),
    ]
    server = uvicorn.Server(_http(settings, edge))
    settle_memory()
    try:
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        await committer.drain()
        await kernel.stop()


async def work(settings: Settings, data: Path) -> None:
    """Run a worker until SIGTERM or SIGINT; what is in hand is finished first."""
    kernel = await open_kernel(settings, data)
    if kernel.bus is None:
        raise RuntimeError("open_kernel gives a kernel with a bus")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    settle_memory()
    try:
        await Worker(kernel, kernel.bus).run(stop)
    finally:
        await kernel.stop()


async def open_kernel(settings: Settings, data: Path) -> Kernel:
    """A started kernel on a connected bus."""
    bus = await NatsBus(settings.bus, settings.ingest.publish_timeout).connect()
    kernel = Kernel(settings, data)
    await kernel.start(bus)
    return kernel


async def _parts(kernel: Kernel, committer: Committer, tally: Tally) -> Parts:
    keys = KeyCache(Access(kernel.dispatcher))

    def forget(_: Fact) -> None:
        keys.clear()

    await kernel.listen(("key.changed", "project.changed"), forget)
    stores = kernel.stores
    return Parts(
        kernel.dispatcher, keys, committer, stores.blobs, stores.directory, kernel.metrics, kernel.settings, tally
    )


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
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=15,
    )


def settle_memory() -> None:
    """Keep what was loaded at start out of the garbage collector, whose full rounds cost 75 ms at p99."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
