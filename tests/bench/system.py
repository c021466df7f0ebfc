"""Amber as it is measured: all of it, an edge alone, or with a second worker."""

import contextlib
import http.client
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.load import Target
from bench.processes import command_line, tree

ROLES = {"work": "worker", "serve": "edge", "-c": "nats"}


class Amber:
    """Processes on one data folder."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.port = data, port
        self.said: dict[str, Any] = {}
        self._log = data.parent / f"{data.name}.log"
        self._roots: list[subprocess.Popen[bytes]] = []
        self._reader: sqlite3.Connection | None = None

    @property
    def target(self) -> Target:
        """Where its first project takes events."""
        return Target(f"http://127.0.0.1:{self.port}", self.said["project_id"], self.said["public_key"])

    def _run(self, command: list[str], stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdout=stdout, stderr=log)
        self._roots.append(process)
        return process

    def _amber(self, *words: str, stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        return self._run([sys.executable, "-m", "amber", *words, "--data", str(self.data)], stdout)

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start `amber up` and wait for nothing."""
        return self._amber("up", "--json", "--port", str(self.port), stdout=subprocess.PIPE)

    @contextlib.contextmanager
    def up(self) -> Iterator["Amber"]:
        """All of it, ready."""
        process = self.launch()
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            sys.exit(f"Amber did not start:\n{self._log.read_text()}")
        self.said = json.loads(line)
        try:
            yield self
        finally:
            self.stop()

    @contextlib.contextmanager
    def edge_alone(self) -> Iterator["Amber"]:
        """Its bus and one edge, no worker, on a folder that was up before."""
        nats = Path(sys.executable).with_name("nats-server")
        self._run([str(nats), "-c", str(self.data / "nats" / "nats.conf")])
        self._amber("serve", "--port", str(self.port))
        try:
            until_answered(self.target, "/health/live")
            yield self
        finally:
            self.stop()

    def another_worker(self) -> None:
        """Start a second worker; it works when the edge has heard of it."""
        process = self._amber("work")
        wanted = f'process="worker-{process.pid}"'.encode()
        while wanted not in get(self.target, "/metrics"):
            time.sleep(0.2)

    def stop(self) -> None:
        """End everything as Ctrl-C would, the last started first."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        for process in reversed(self._roots):
            process.send_signal(signal.SIGINT)
            process.wait(120)
        self._roots.clear()

    def pids(self) -> list[int]:
        """All its processes."""
        return tree([process.pid for process in self._roots])

    def role(self, name: str) -> list[int]:
        """Its processes of one kind: worker, edge or nats."""
        return [pid for pid in self.pids() if _role(pid) == name]

    def counted(self) -> int:
        """How many events the issue list counts."""
        return int(self._ask("SELECT coalesce(sum(count), 0) FROM issues"))

    def kept(self) -> int:
        """How many events can be opened."""
        return int(self._ask("SELECT count(*) FROM events"))

    def _ask(self, question: str) -> Any:
        if self._reader is None:  # kept open: who looks a hundred times a second must not cost what is measured
            self._reader = sqlite3.connect(f"file:{self.data / 'amber.db'}?mode=ro", uri=True, timeout=30)
        return self._reader.execute(question).fetchone()[0]

    def disk(self) -> tuple[int, int]:
        """Bytes on disk of the database, with nothing left in its write-ahead log, and of everything else."""
        with contextlib.closing(sqlite3.connect(self.data / "amber.db", timeout=30)) as database:
            while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                time.sleep(0.1)
        sizes = {file.name: file.stat().st_blocks * 512 for file in self.data.rglob("*") if file.is_file()}
        kept = sum(size for name, size in sizes.items() if name.startswith("amber.db"))
        return kept, sum(sizes.values()) - kept


def _role(pid: int) -> str:
    return next((role for word, role in ROLES.items() if word in command_line(pid)), "")


def get(target: Target, path: str) -> bytes:
    """The body of an answer, whatever its status; empty where nobody answers."""
    try:
        connection = http.client.HTTPConnection(urlsplit(target.url).netloc, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read()
    except OSError:
        return b""


def until_answered(target: Target, path: str) -> None:
    """Wait until somebody answers there with 200."""
    while b"alive" not in get(target, path):
        time.sleep(0.05)


def post(target: Target, body: bytes) -> int:
    """Send one envelope: the status, 0 where nobody answers."""
    headers = {"x-sentry-auth": f"Sentry sentry_key={target.key}, sentry_version=7"}
    try:
        connection = http.client.HTTPConnection(urlsplit(target.url).netloc, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", f"/api/{target.project}/envelope/", body, headers)
            return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
