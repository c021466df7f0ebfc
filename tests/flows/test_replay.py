"""A plugin that is enabled today hears of last week; nobody else does, and nothing is counted again."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .running import Running, clean_environment, wait_until
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

CODE = """\
from amber import hookimpl
from amber.model import Additions


@hookimpl
def enrich_events(events):
    return [Additions(tags={"late": "yes", "mail": "ann password=hunter2"}) for _ in events]


@hookimpl
def on_fact(fact, ctx):
    if fact.data["title"].startswith("ProblemBad"):
        raise ValueError("cannot hear this")
    with (ctx.data / "heard").open("a") as file:
        file.write(fact.id + "\\n")
"""
MANIFEST = """\
name = "historian"
title = "Historian"
summary = "Hears what was."
families = ["enrichment"]

[rights]
facts = ["issue.created"]
"""
TOML = """\
[worker]
attempts = 2
[plugins.historian]
enabled = true
isolation = "inline"
"""
KINDS = ["ProblemOne", "ProblemTwo", "ProblemThree"]


def install(site: Path) -> None:
    """What pip leaves behind: a package and the metadata of its distribution."""
    package = site / "amber_historian"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CODE)
    (package / "plugin.toml").write_text(MANIFEST)
    metadata = site / "amber_historian-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-historian\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[amber.plugins]\nhistorian = amber_historian\n")


def send(amber: Running, kinds: list[str]) -> list[str]:
    """Events of these kinds, stored and counted; their ids."""
    events = [error(kind) for kind in kinds]
    bodies = [post(amber.url, amber.project, amber.key, envelope(event)) for event in events]
    assert asyncio.run(send_all(amber.url, bodies, 1)) == [200] * len(events)
    return [amber.stored(event["event_id"])["event_id"] for event in events]


def heard(amber: Running) -> list[str]:
    file = amber.data / "plugins" / "historian" / "heard"
    return file.read_text().split() if file.exists() else []


def additions(amber: Running, event: str) -> Any:
    return (amber.event(event)["data"].get("additions") or {}).get("historian")


def is_running(amber: Running) -> bool:
    return any(one["name"] == "historian" and one["state"] == "running" for one in amber.get("/plugins")["items"])


@pytest.fixture
def amber(start: Callable[..., Running], tmp_path: Path) -> Running:
    """An Amber in which events came before the plugin did."""
    made = start(environment={"PYTHONPATH": str(tmp_path / "site")}, toml="[worker]\nattempts = 2\n")
    send(made, KINDS)
    wait_until(lambda: len(facts_of(made)) >= 3)
    install(tmp_path / "site")
    (made.data / "amber.toml").write_text(TOML)
    wait_until(lambda: is_running(made))
    return made


def facts_of(amber: Running) -> list[str]:
    """The issues the terminal plugin has told of, so the facts that everybody has heard."""
    return [line for line in amber.log().splitlines() if ": New issue " in line]


def replay(amber: Running, *words: str) -> str:
    done = amber.cli("replay", "--plugin", "historian", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_plugin_is_told_what_was_before_it_and_nobody_else_is(amber: Running) -> None:
    old = [one["event_id"] for issue in amber.issues() for one in amber.pages(f"/issues/{issue['id']}/events")]
    told, counted, outcomes = facts_of(amber), sorted(amber.issues(), key=lambda one: str(one["id"])), amber.outcomes()
    assert heard(amber) == []
    said = replay(amber, "--dry-run")
    assert "3 facts (issue.created 3)" in said
    assert "3 stored events (first 3)" in said
    assert "0 facts" in replay(amber, "--dry-run", "--until", "1d")

    assert "3 facts and 3 stored events were fed." in replay(amber)
    wait_until(lambda: len(heard(amber)) == 3)
    wait_until(lambda: all(additions(amber, event) for event in old))
    tags = additions(amber, old[0])["tags"]
    assert (tags["late"], "hunter2" in tags["mail"]) == ("yes", False)

    said = replay(amber, "--since", "2h")
    assert "0 facts\n" in said
    assert "3 facts were fed to it before" in said
    assert "3 facts (issue.created 3)" in replay(amber, "--again", "--rate", "1000/s", "--dry-run")

    [new] = send(amber, ["ProblemFour"])
    wait_until(lambda: len(heard(amber)) == 4)
    assert additions(amber, new)["tags"]["late"] == "yes"
    assert sorted(amber.issues(), key=lambda one: str(one["id"]))[:3] == counted
    assert amber.outcomes() == {**outcomes, ("error", "stored"): outcomes["error", "stored"] + 1}
    assert len(facts_of(amber)) == len(told) + 1
    assert amber.pages("/audit", subject="plugin:historian")[0]["action"] == "plugin.replay"


def test_a_replay_that_is_broken_off_goes_on_where_it_was(amber: Running) -> None:
    words = ["replay", "--plugin", "historian", "--rate", "1/h", "--data", str(amber.data)]
    environment = clean_environment({"PYTHONPATH": str(amber.data.parent / "site")})
    with subprocess.Popen(
        [sys.executable, "-m", "amber", *words], stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stderr is not None
        wait_until(lambda: len(heard(amber)) == 1)
        busy = amber.cli("replay", "--plugin", "historian")
        assert (busy.returncode, "is being fed already" in busy.stderr) == (1, True)
        process.send_signal(signal.SIGINT)
        assert "--resume` goes on" in process.stderr.read()
        assert process.wait() == 130
    first = heard(amber)
    assert "2 facts" in replay(amber, "--resume")
    wait_until(lambda: len(heard(amber)) == 3)
    assert heard(amber)[: len(first)] == first
    assert len(set(heard(amber))) == 3
    refused = amber.cli("replay", "--plugin", "historian", "--resume")
    assert (refused.returncode, "no replay of plugin historian was broken off" in refused.stderr) == (1, True)


def test_what_a_plugin_fails_on_in_a_replay_is_tried_again_and_becomes_its_dead_letter(amber: Running) -> None:
    send(amber, ["ProblemBad"])
    wait_until(lambda: len(amber.cli_json("dead", "list", "--plugin", "historian")) == 1)
    replay(amber)
    wait_until(lambda: len(amber.cli_json("dead", "list", "--plugin", "historian")) == 2)
    letters = amber.cli_json("dead", "list", "--plugin", "historian")
    assert {letter["stream"] for letter in letters} == {"FACTS", "TASKS"}
    wait_until(lambda: len(heard(amber)) == 3)
