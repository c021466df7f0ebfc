"""A plugin installed and switched on and off while events flow: no restart, no event lost, none counted twice."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .running import Running, wait_until
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

PAUSE = 0.02
"""Seconds between two events: what is tested is what happens between them, not how many a machine can take."""
CODE = """\
import click

from amber import hookimpl
from amber.model import Additions


@hookimpl
def enrich_events(events):
    return [Additions(tags={"late": "yes"}) for _ in events]


@hookimpl
def cli_commands():
    return [late]


@click.command()
@click.pass_obj
def late(ctx):
    click.echo(f"{ctx.plugin} is there")
"""
MANIFEST = """\
name = "latecomer"
title = "Latecomer"
summary = "Tags every event."
families = ["enrichment"]
"""


def install(site: Path) -> None:
    """What pip leaves behind: a package and the metadata of its distribution."""
    package = site / "amber_latecomer"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CODE)
    (package / "plugin.toml").write_text(MANIFEST)
    metadata = site / "amber_latecomer-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-latecomer\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[amber.plugins]\nlatecomer = amber_latecomer\n")


class Traffic:
    """Events sent one after the other, some dozens a second, until it is told to stop."""

    def __init__(self, amber: Running) -> None:
        self._amber, self._stop = amber, threading.Event()
        self.statuses: list[int] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            body = post(self._amber.url, self._amber.project, self._amber.key, envelope(error()))
            self.statuses += asyncio.run(send_all(self._amber.url, [body], 1))

    def end(self) -> list[int]:
        self._stop.set()
        self._thread.join()
        return self.statuses


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def amber(start: Callable[..., Running], site: Path) -> Running:
    return start(environment={"PYTHONPATH": str(site)})


@pytest.fixture
def traffic(amber: Running) -> Iterator[Traffic]:
    made = Traffic(amber)
    yield made
    made.end()


def is_tagged(amber: Running) -> bool:
    """Whether the plugin has its hand in an event sent now."""
    event = error("ProblemZZ")
    body = post(amber.url, amber.project, amber.key, envelope(event))
    assert asyncio.run(send_all(amber.url, [body], 1)) == [200]
    added = amber.stored(event["event_id"])["data"].get("additions") or {}
    return bool(added.get("latecomer", {}).get("tags", {}).get("late") == "yes")


def state(amber: Running) -> str:
    found = {one["name"]: one["state"] for one in amber.get("/plugins")["items"]}
    return str(found.get("latecomer", "unknown"))


def test_a_plugin_comes_and_goes_while_events_flow(amber: Running, traffic: Traffic, site: Path) -> None:
    assert state(amber) == "unknown"
    install(site)
    (amber.data / "amber.toml").write_text("[plugins.latecomer]\nisolation = 'inline'\n")
    wait_until(lambda: state(amber) == "disabled")
    assert not is_tagged(amber)
    assert "No such command 'late'" in amber.cli("late").stderr

    done = amber.cli("plugins", "enable", "latecomer")
    assert (done.returncode, done.stdout) == (0, "Plugin latecomer is running.\n"), done.stderr
    assert is_tagged(amber)
    wait_until(lambda: amber.cli("late").stdout == "latecomer is there\n")

    answer = amber.api.put("/plugins/latecomer", json={"enabled": False})
    assert answer.status_code == 200, answer.text
    wait_until(lambda: not is_tagged(amber))
    assert "No such command 'late'" in amber.cli("late").stderr

    (amber.data / "amber.toml").write_text("[plugins.latecomer]\nenabled = true\nisolation = 'inline'\n")
    wait_until(lambda: is_tagged(amber))
    refused = amber.api.put("/plugins/latecomer", json={"enabled": False})
    assert (refused.status_code, "amber.toml decides" in refused.json()["detail"]) == (409, True)
    refused = amber.cli("plugins", "disable", "latecomer")
    assert (refused.returncode, "amber.toml decides" in refused.stderr) == (1, True)

    statuses = traffic.end()
    assert set(statuses) == {200}
    wait_until(lambda: amber.issues(text="ProblemAA")[0]["count"] == len(statuses))
    log = [(one["subject"], one["actor"].split(":")[0]) for one in amber.pages("/audit", subject="plugin:latecomer")]
    assert log == [("plugin:latecomer", "token"), ("plugin:latecomer", "cli")]


def test_what_a_plugin_offers_on_the_web_comes_and_goes_with_it(start: Callable[..., Running]) -> None:
    amber = start()
    assert amber.web.get("/login").status_code == 200
    assert amber.cli("plugins", "disable", "console").returncode == 0
    wait_until(lambda: amber.web.get("/login").status_code == 405)  # what is left of it is the form's address
    assert amber.web.get("/health/ready").status_code == 200
    assert amber.cli("plugins", "enable", "console").returncode == 0
    wait_until(lambda: amber.web.get("/login").status_code == 200)


def test_what_was_switched_off_stays_off_after_a_restart(start: Callable[..., Running]) -> None:
    first = start(name="kept")
    assert first.cli("plugins", "disable", "terminal").returncode == 0
    first.stop()
    again = start(name="kept")
    found = {one["name"]: one for one in again.get("/plugins")["items"]}
    assert (found["terminal"]["state"], found["terminal"]["enabled"]) == ("disabled", False)


def test_without_a_running_amber_a_switch_says_what_to_do(tmp_path: Path) -> None:
    from .running import amber as run

    done = run("plugins", "disable", "terminal", data=tmp_path / "nothing")
    assert done.returncode == 1
    assert "[plugins.terminal] enabled = false" in done.stderr
