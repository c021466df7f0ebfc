"""`amber up`: everything on one machine, started in order and kept alive."""

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amber.config import Settings, load
from amber.errors import ConfigError, Unavailable
from amber.model import dsn
from amber.processes import runtime
from amber.processes.natsserver import find_binary, write_config
from amber.processes.runtime import Runtime
from amber.processes.supervisor import Child, Supervisor
from amber.running.door import Door
from amber.running.firststart import hear, make_pipe

log = logging.getLogger("amber.up")
READY_SECONDS = 60
LOOK, SILENT_LOOKS = 5.0, 3
"""Seconds between looks at the bus, and looks in a row that find it silent before its server is started anew."""


class Up:
    """One run of the embedded mode."""

    def __init__(self, settings: Settings, data: Path, config: Path | None, as_json: bool) -> None:
        self._settings, self._data, self._config, self._as_json = settings, data, config, as_json
        self._door: Door | None = None
        self._ready = f"http://{settings.server.host}:{settings.server.port}/health/ready"

    async def run(self) -> None:
        """Start everything, say where it is, keep it alive until SIGINT or SIGTERM."""
        with claimed(self._data):
            check_port(self._settings.server.host, self._settings.server.port)
            stop = asyncio.Event()
            for signum in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(signum, stop.set)
            supervisor, environment = self._prepare()
            try:
                pipe = make_pipe(self._data)
                # at once: whoever comes first to the tables migrates them, the other waits for its lock
                supervisor.start(Child("worker", self._command("work", "--first-start", str(pipe)), environment))
                supervisor.start(Child("edge", self._command("serve"), environment))
                keeping = asyncio.create_task(self._door.run()) if self._door else None
                first = await hear(pipe, stop, READY_SECONDS)
                if first is not None and await self._until_ready(stop):
                    self._tell(first)
                await self._watch_bus(supervisor, stop)
                if keeping is not None:
                    keeping.cancel()
            finally:
                if not self._as_json:
                    print("\nAmber is stopping …", flush=True)
                await supervisor.end()

    def _prepare(self) -> tuple[Supervisor, dict[str, str]]:
        """Start the bus unless one is named; the environment its clients need."""
        supervisor = Supervisor()
        bus = self._settings.bus
        # Otherwise glibc gives each thread a heap of its own, none of which is ever filled or given back.
        # And Go's collector waits until a heap has doubled: the server's own stays below this without costing it time.
        environment = {"MALLOC_ARENA_MAX": "2", "GOMEMLIMIT": "72MiB"} | dict(os.environ)
        if not bus.url:
            file, bus = write_config(self._data, bus)
            self._door = Door(
                self._data,
                bus,
                lambda: load(self._config or runtime.default_file(self._data)),
                lambda: supervisor.send("nats-server", signal.SIGHUP),
            )
            self._door.settle()
            supervisor.start(Child("nats-server", [find_binary(), "-c", str(file)], environment))
        server = self._settings.server
        runtime.write(self._data, Runtime(server.url, bus.url, bus.token, os.getpid(), bus.user))
        told = {"BUS_URL": bus.url, "BUS_USER": bus.user, "BUS_TOKEN": bus.token}
        told |= {"SERVER_HOST": server.host, "SERVER_PORT": str(server.port)}
        return supervisor, environment | {f"AMBER_{name}": value for name, value in told.items()}

    def _command(self, *words: str) -> list[str]:
        place = ["--data", str(self._data)] + (["--config", str(self._config)] if self._config else [])
        return [sys.executable, "-m", "amber", *words, *place]

    async def _until_ready(self, stop: asyncio.Event) -> bool:
        """Wait until every part works; False when told to stop before."""
        problem = "nothing answered yet"
        for _ in range(READY_SECONDS * 10):
            if stop.is_set():
                return False
            problem = await asyncio.to_thread(ask_ready, self._ready)
            if not problem:
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.1)
        raise Unavailable(f"Amber was not ready within {READY_SECONDS} s: {problem}")

    async def _watch_bus(self, supervisor: Supervisor, stop: asyncio.Event) -> None:
        """Until told to stop, start our NATS server anew when it hangs, or when its disk was full: a stream that could
        not be written once refuses every write until the server is started again.
        """
        silent = 0
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK)
            problem = await asyncio.to_thread(ask_ready, self._ready)
            silent = silent + 1 if "bus: " in problem else 0
            if silent == SILENT_LOOKS:
                log.error("the bus has been silent for %.0f s: its server is started anew", LOOK * SILENT_LOOKS)
                supervisor.send("nats-server", signal.SIGKILL)
                silent = 0

    def _tell(self, first: Mapping[str, Any]) -> None:
        url = self._settings.server.url
        address = dsn(url, first["public_key"], first["project_id"])
        if self._as_json:
            print(json.dumps({"url": url, "dsn": address, **first}), flush=True)
            return
        print(banner(url, address, first), flush=True)


def banner(url: str, address: str, first: Mapping[str, Any]) -> str:
    """What a newcomer needs, ready to be copied."""
    lines = ["", "Amber is ready.", "", f"  Console  {url}"]
    if first.get("email"):
        lines.append(f"  Sign in  {first['email']}")
    if first.get("password"):
        lines.append(f"  Password {first['password']}   (shown this once)")
    lines += [
        f"  DSN      {address}",
        "",
        "Send a first error from Python (pip install sentry-sdk):",
        "",
        "    import sentry_sdk",
        f'    sentry_sdk.init(dsn="{address}")',
        "    1 / 0",
        "",
        "Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def ask_ready(url: str) -> str:
    """What keeps Amber from being ready, empty when nothing does."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
            return ""
    except urllib.error.HTTPError as error:
        return "; ".join(json.load(error).get("problems", [])) or f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return str(error)


@contextlib.contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Hold a data folder for this process alone. Raises ConfigError if it cannot be written or is taken."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "amber.lock").open("a+")
    except OSError as error:
        raise ConfigError(f"the data folder {data} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"another Amber already runs on {data}: stop it, or name another --data folder") from None
        yield


def check_port(host: str, port: int) -> None:
    """Raises ConfigError if nothing could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(f"port {port} is in use: stop what uses it, or choose another with --port") from None
            raise ConfigError(f"nothing can listen on {host}:{port}: {error.strerror}") from None
