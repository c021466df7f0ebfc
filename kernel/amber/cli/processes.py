"""`amber up`, `amber serve`, `amber work`."""

import asyncio
import gc
import logging
import sys
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from amber.config import Settings, load
from amber.errors import ConfigError
from amber.processes import runtime


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--json", "as_json", is_flag=True, help="Print what a program needs as one line of JSON.")
def up(data: Path, config: Path | None, port: int | None, host: str | None, as_json: bool) -> None:
    """Run all of Amber on this machine: bus, edge with API and pages, worker."""
    from amber.running.up import Up

    _log_to_stderr()
    settings = _at(load(config or runtime.default_file(data)), host, port)
    asyncio.run(Up(settings, data, config, as_json).run())


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")
@click.option("--host", help="Address to listen on (127.0.0.1).")
def serve(data: Path, config: Path | None, port: int | None, host: str | None) -> None:
    """Run an edge: ingest, API and pages. Needs a bus and a database by URL."""
    from amber.running.serve import serve as run

    _log_to_stderr()
    _run(run(_at(_with_bus(data, config), host, port), data, config))


@click.command()
@click.option("--first-start", type=click.Path(path_type=Path), hidden=True)
def work(data: Path, config: Path | None, first_start: Path | None) -> None:
    """Run a worker: digests items and hands out facts. Needs a bus and a database by URL."""
    from amber.running.work import work as run

    _log_to_stderr()
    _run(run(_with_bus(data, config), data, config, first_start))


def _run(coroutine: Any) -> None:
    gc.disable()  # what is loaded at start stays: looking for garbage in it takes a tenth of it (`settle_memory`)
    if sys.platform == "win32":
        asyncio.run(coroutine)
    else:
        import uvloop

        uvloop.run(coroutine)


def _at(settings: Settings, host: str | None, port: int | None) -> Settings:
    server = settings.server
    return replace(settings, server=replace(server, host=host or server.host, port=port or server.port))


def _with_bus(data: Path, config: Path | None) -> Settings:
    settings = runtime.settings(data, config)
    if not settings.bus.url:
        raise ConfigError("no bus is named: set [bus] url or AMBER_BUS_URL to a NATS server, or use `amber up`")
    return settings


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S", force=True
    )
    for noisy in ("alembic", "uvicorn.error", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
