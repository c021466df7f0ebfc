"""The two shapes of Amber that are put to the test: all in one on SQLite, and in parts on PostgreSQL."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from amber.config import BusConfig
from amber.processes import runtime
from amber.testing.nats import NatsServer
from tests.flows.running import Running, amber, clean_environment, free_port

from .clock import Clock
from .link import Link
from .postgres import Postgres

SHORT = {"AMBER_INGEST_PUBLISH_TIMEOUT": "2"}


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def signal_all(pids: list[int], signum: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it died meanwhile
            os.kill(pid, signum)


def bus_of(data: Path) -> BusConfig:
    """The bus of an `amber up` on this folder."""
    told = runtime.read(data)
    assert told is not None
    return BusConfig(url=told.bus_url, user=told.bus_user, token=told.bus_token)


class Embedded:
    """One `amber up`: its own supervisor brings back what dies."""

    parts = ("edge", "nats-server", "worker")

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.clock = Clock(folder)
        given = {**SHORT, **self.clock.environment, **(environment or {})}
        self.running = Running(folder / "data", environment=given)
        self.project, self.key = self.running.project, self.running.key
        self.links = {"client to edge": Link("client to edge", self.running.port)}
        self.url = f"http://127.0.0.1:{self.links['client to edge'].port}"
        self.database = f"sqlite:///{self.running.data / 'amber.db'}"
        self._locked: sqlite3.Connection | None = None

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def bus(self) -> BusConfig:
        return bus_of(self.running.data)

    def pids(self, part: str) -> list[int]:
        """The processes of a part that is alive."""
        return [pid for name, pid in self.running.children().items() if name == part]

    def may_write(self, may: bool) -> None:
        """Whether anything may be written: somebody else has the database, and does not let go of it.

        What the file system itself refuses is in `test_disk`; it would refuse these processes a new start as well.
        """
        if self._locked is not None:
            self._locked.close()
            self._locked = None
        if not may:
            self._locked = sqlite3.connect(self.running.data / "amber.db", timeout=1, check_same_thread=False)
            with suppress(sqlite3.OperationalError):  # somebody who is frozen holds it already
                self._locked.execute("BEGIN IMMEDIATE")

    def is_ready(self) -> bool:
        """Whether every part works."""
        return is_ready(self.port)

    def revive(self, _: str) -> None:
        """The supervisor does that."""

    def keep(self) -> None:
        """The supervisor does that."""

    def log(self) -> str:
        return self.running.log()

    def close(self) -> None:
        self.links["client to edge"].close()
        self.running.stop()


class Spread:
    """An edge, two workers, a NATS server and PostgreSQL, each on its own, joined by links that can be cut."""

    parts = ("edge", "nats-server", "postgres", "worker 1", "worker 2")

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, postgres: Postgres | None = None
    ) -> None:
        self.clock, self._data = Clock(folder), folder / "data"
        self._given = {**SHORT, **self.clock.environment, **(environment or {})}
        self._data.mkdir()
        self._log_file = folder / "log"
        self.postgres, self._nats = postgres or Postgres(), NatsServer(folder)
        self._nats.start()
        self.port, self.links = free_port(), {}
        self._commands: dict[str, tuple[str, ...]] = {
            "edge": ("serve", "--port", str(self.port)),
            "worker 1": ("work",),
            "worker 2": ("work",),
        }
        for part in self._commands:
            self.links[f"{part} to nats"] = Link(part, int(self._nats.config.url.rpartition(":")[2]))
            self.links[f"{part} to postgres"] = Link(part, self.postgres.port)
        self.links["client to edge"] = Link("client", self.port)
        self.url = f"http://127.0.0.1:{self.links['client to edge'].port}"
        self.database, self.bus = self.postgres.url(self.postgres.port), self._nats.config
        made = amber("bootstrap", "--json", data=self._data, environment=self._environment("edge"))
        assert made.returncode == 0, made.stderr
        said: dict[str, Any] = json.loads(made.stdout)
        self.project, self.key = int(said["project_id"]), str(said["public_key"])
        self._processes = {part: self._start(part) for part in self._commands}

    def _environment(self, part: str) -> dict[str, str]:
        nats, postgres = self.links[f"{part} to nats"], self.links[f"{part} to postgres"]
        told = {
            "AMBER_BUS_URL": f"nats://127.0.0.1:{nats.port}",
            "AMBER_BUS_USER": self.bus.user,
            "AMBER_BUS_TOKEN": str(self.bus.token),
            "AMBER_BUS_MAX_BYTES": str(self.bus.max_bytes),
            "AMBER_DATABASE_URL": self.postgres.url(postgres.port),
        }
        return {**self._given, **told}

    def _start(self, part: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "amber", *self._commands[part], "--data", str(self._data)]
        with self._log_file.open("ab") as log:
            given = clean_environment(self._environment(part))
            return subprocess.Popen(command, stdout=log, stderr=log, env=given)

    def pids(self, part: str) -> list[int]:
        """The processes of a part that is alive."""
        servers = {"nats-server": self._nats.pids, "postgres": self.postgres.pids}
        if part in servers:
            return servers[part]()
        process = self._processes[part]
        return [process.pid] if process.poll() is None else []

    def revive(self, part: str) -> None:
        """Start a part again that is dead, as whoever runs it on its machine would."""
        again: dict[str, Callable[[], None]] = {"nats-server": self._again, "postgres": self._postgres_again}
        if part in again:
            again[part]()
        elif self._processes[part].poll() is not None:
            self._processes[part] = self._start(part)

    def may_write(self, may: bool) -> None:
        """Whether the database takes anything but questions."""
        self.postgres.may_write(may)

    def is_ready(self) -> bool:
        """Whether every part works; those that ended by themselves are started again."""
        self.keep()
        return is_ready(self.port)

    def keep(self) -> None:
        """Start again what ended by itself, such as a worker that was started while the bus was away."""
        for part in self._processes:
            self.revive(part)

    def _again(self) -> None:
        self._nats.kill()
        self._nats.start()

    def _postgres_again(self) -> None:
        self.postgres.kill()
        self.postgres.start()

    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    def close(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in self._processes.values()]
        for link in self.links.values():
            link.close()
        self._nats.kill()
        self.postgres.close()
        assert codes == [0, 0, 0], f"a part did not end well: {codes}\n{self.log()[-4000:]}"


System = Embedded | Spread
