"""An Amber of one's own: started in a folder as a process, spoken to, and ended with nothing left behind."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx

from amber.model import ACCEPTED, OutcomeCount

T = TypeVar("T")
PATIENCE = 180.0
"""Seconds for what takes a moment on an idle machine, a minute on a busy one; only a test that fails waits so long."""


def wait_until(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `condition` answers as soon as that is true; AssertionError with its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds:g} s: {condition.__qualname__}"
        time.sleep(0.05)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the settings of somebody's own Amber."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AMBER_")} | dict(more or {})


def amber(
    *words: str, data: Path, environment: Mapping[str, str] | None = None, python: str = sys.executable
) -> "subprocess.CompletedProcess[str]":
    """Run an `amber` command to its end."""
    command = [python, "-X", "faulthandler", "-m", "amber", *words, "--data", str(data)]
    given = clean_environment(environment)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given) as process:
        try:
            said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # and it says what each of its threads was at
            raise AssertionError(f"{command} has no end:\n{process.communicate()}") from None
    return subprocess.CompletedProcess(command, process.returncode, *said)


class Running:
    """One `amber up` with what it said, its processes, its API and the commands beside it."""

    def __init__(
        self, data: Path, toml: str = "", environment: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self.python = python
        self.data, self.port, self.environment = data, free_port(), clean_environment(environment)
        self.log_file = data.with_name(f"{data.name}.log")
        self._companions: list[subprocess.Popen[bytes]] = []
        self._edges: list[str] = []
        self._tokens: dict[str, str] = {}
        self._pages: dict[str, httpx.Client] = {}
        if toml:
            data.mkdir(parents=True, exist_ok=True)
            (data / "amber.toml").write_text(toml)
        self.process = self._start("up", "--json", "--port", str(self.port), stdout=subprocess.PIPE)
        self.said = self._hear()

    def _start(self, *words: str, stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        command = [self.python, "-m", "amber", *words, "--data", str(self.data)]
        with self.log_file.open("ab") as log:
            return subprocess.Popen(command, stdout=stdout, stderr=log, env=self.environment)

    def _hear(self) -> dict[str, Any]:
        """The line that says that everything is ready."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            self.kill()
            raise AssertionError(f"Amber did not start:\n{self.log()}")
        said: dict[str, Any] = json.loads(line)
        return said

    @property
    def url(self) -> str:
        return str(self.said["url"])

    @property
    def dsn(self) -> str:
        return str(self.said["dsn"])

    @property
    def project(self) -> int:
        return int(self.said["project_id"])

    @property
    def key(self) -> str:
        return str(self.said["public_key"])

    def log(self) -> str:
        """What all processes of this Amber wrote."""
        return self.log_file.read_text(errors="replace")

    def cli(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command beside this Amber, run to its end."""
        return amber(*words, data=self.data, environment=self.environment, python=self.python)

    def cli_json(self, *words: str) -> Any:
        """What a command answers with `--json`."""
        done = self.cli(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def token(self, scope: str = "admin", *more: str) -> str:
        """A new or remembered API token."""
        words = " ".join((scope, *more))
        if words not in self._tokens:
            self._tokens[words] = self.cli_json("token", "create", "--scope", scope, *more)["token"]
        return self._tokens[words]

    @cached_property
    def web(self) -> httpx.Client:
        """A client with no credentials."""
        return self._client("", {})

    @property
    def api(self) -> httpx.Client:
        """A client of the API that may do everything in the first organisation."""
        return self.api_as(self.token())

    def api_as(self, token: str) -> httpx.Client:
        """A client of the API with this token."""
        if token not in self._pages:
            self._pages[token] = self._client("/api/v1", {"authorization": f"Bearer {token}"})
        return self._pages[token]

    def _client(self, path: str, headers: dict[str, str]) -> httpx.Client:
        return httpx.Client(base_url=self.url + path, headers=headers, timeout=PATIENCE)

    def lets_in(self, email: str, password: str) -> bool:
        """Whether somebody who logs in with these is shown the issues."""
        with self._client("", {}) as browser:
            browser.post("/login", data={"method": "password", "email": email, "password": password})
            return browser.get("/issues").status_code == 200

    def get(self, path: str, **query: Any) -> Any:
        """An answer of the API as JSON."""
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str, **query: Any) -> list[Any]:
        """The items of all pages of a list."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=200, **query, **cursor)
            found += page["items"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}

    def issues(self, **query: Any) -> list[Any]:
        """All issues of the first project."""
        return self.pages(f"/projects/{self.project}/issues", **query)

    def event(self, event_id: str) -> Any:
        """A stored event of the first project, or None."""
        answer = self.api.get(f"/projects/{self.project}/events/{event_id}")
        assert answer.status_code in (200, 404), answer.text
        return answer.json() if answer.status_code == 200 else None

    def stored(self, event_id: str) -> Any:
        """An event of the first project, as soon as it is counted: events are written just before their issues."""

        def counted() -> Any:
            event = self.event(event_id)
            return event if event and event["issue_id"] else None

        return wait_until(counted)

    def outcomes(self) -> dict[tuple[str, str], int]:
        """How many items of each category met each end, in the first project."""
        totals: dict[tuple[str, str], int] = {}
        for one in self.get(f"/projects/{self.project}/outcomes")["totals"]:
            met = (one["category"], one["outcome"])
            if one["outcome"] != ACCEPTED:
                totals[met] = totals.get(met, 0) + one["quantity"]
        return totals

    def counts(self) -> list[OutcomeCount]:
        """All that was counted in the last day in the first project, for `amber.testing.accounts.unbalanced`."""
        answer = self.get(f"/projects/{self.project}/outcomes")
        hours = [int(datetime.fromisoformat(one["start"]).timestamp() // 3600) for one in answer["series"]]
        return [
            OutcomeCount(self.project, one["category"], one["outcome"], one["reason"], one["quantity"], hour)
            for one, hour in zip(answer["series"], hours, strict=True)
        ]

    def metrics(self) -> str:
        """Prometheus text of all processes."""
        return self.web.get("/metrics").text

    def is_ready(self) -> bool:
        try:
            return self.web.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def edges(self) -> list[str]:
        """The addresses of all edges, the first one's first."""
        return [self.url, *self._edges]

    def edge_beside(self) -> None:
        """Another edge on the same folder."""
        port = free_port()
        self._companions.append(self._start("serve", "--port", str(port)))
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health/live").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers)
        self._edges.append(url)

    def worker_beside(self) -> int:
        """Another worker on the same folder, once it works; its process id."""
        process = self._start("work")
        self._companions.append(process)
        wait_until(lambda: f'process="worker-{process.pid}"' in self.metrics())
        return process.pid

    def children(self) -> dict[str, int]:
        """The processes Amber started, by what they are: worker, edge, nats-server."""
        words = {"work": "worker", "serve": "edge", "-c": "nats-server"}
        found: dict[str, int] = {}
        for pid in child_pids(self.process.pid):
            role = next((role for word, role in words.items() if word in command_line(pid)), None)
            if role is not None:
                found[role] = pid
        return found

    def stop(self) -> None:
        """End it as Ctrl-C would: every process ends well and none is left."""
        self._let_go()
        for process in reversed(self._companions):
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 0
        assert self.left() == []

    def kill(self) -> None:
        """End it whatever it takes; for tests that failed."""
        self._let_go()
        for process in (*self._companions, self.process):
            process.kill()
            process.wait(PATIENCE)
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)

    def _let_go(self) -> None:
        opened = [self.web] if "web" in vars(self) else []  # asking for one that never was would need an answer
        for client in (*self._pages.values(), *opened):
            client.close()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def left(self) -> list[int]:
        """Processes that name this data folder on their command line."""
        every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in every if any(str(self.data) in word for word in command_line(pid))]


def child_pids(pid: int) -> list[int]:
    """The direct children of a process."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        return [child for task in tasks for child in map(int, task.read_text().split())]
    except OSError:  # it has just ended
        return []


def command_line(pid: int) -> list[str]:
    """The words a process was started with; none for one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def memory(pid: int) -> int:
    """A process's proportional share of memory, in MB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("\nPss:")[2].split()[0]) // 1024
