"""A plugin that raises, hangs or answers rubbish is named, and hurts nobody else."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amber.testing.accounts import unbalanced

from .badplugins import bad_plugins, enabling, install
from .conftest import ended
from .running import Running, amber, wait_until
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

ALONE = ("scrub_events", "authorise")
"""Hooks whose failure is meant to be felt: tested apart from the others."""
TOGETHER = [name for name, (hook, _) in bad_plugins().items() if hook not in ALONE]
IMPATIENT = "[worker]\nattempts = 2\n"
ITEMS = {"log": b"{}", "profile": b"{}", "session": b"{}", "replay_event": b"{}"}
"""An item for each bad handler."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bad plugins are installed."""
    folder = tmp_path_factory.mktemp("site")
    install(folder)
    return folder


@pytest.fixture(scope="module")
def strangers(installed: Path) -> dict[str, str]:
    """The environment in which the bad plugins are found."""
    return {"PYTHONPATH": str(installed)}


def send(running: Running, body: bytes) -> int:
    request = post(running.url, running.project, running.key, body)
    return asyncio.run(send_all(running.url, [request], 1))[0]


@pytest.fixture(scope="module")
def hurt(strangers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Any]]:
    """An Amber in which many bad plugins run at once, and the event it was sent."""
    data = tmp_path_factory.mktemp("hurt") / "data"
    event = error("PatientProblem")
    with ended(Running(data, toml=enabling(TOGETHER, IMPATIENT), environment=strangers)) as running:
        assert send(running, envelope(event)) == 200
        for kind, payload in ITEMS.items():
            assert send(running, b'{}\n{"type":"%s"}\n%s' % (kind.encode(), payload)) == 200
        yield running, event


def test_plugins_of_strangers_stay_out_until_they_are_enabled(tmp_path: Path) -> None:
    install(tmp_path / "site")
    listing = amber("plugins", "--json", data=tmp_path / "data", environment={"PYTHONPATH": str(tmp_path / "site")})
    states = {one["name"]: one for one in json.loads(listing.stdout)}
    for name in bad_plugins():
        assert states[name]["state"] == "disabled"
        assert f"[plugins.{name}] enabled = true" in states[name]["reason"]
    assert list((tmp_path / "site").glob("*.imported")) == []


def test_the_event_arrives_although_every_hook_is_spoiled(hurt: tuple[Running, Any]) -> None:
    running, event = hurt
    stored = running.stored(event["event_id"])
    assert stored["title"] == "PatientProblem: it broke"
    assert stored["grouping"]["mechanism"] == "exception"
    [issue] = running.issues(text="PatientProblem")
    assert issue["count"] == 1


@pytest.mark.parametrize("name", TOGETHER)
def test_a_bad_plugin_is_named_in_log_and_metrics(hurt: tuple[Running, Any], name: str) -> None:
    running, _ = hurt
    hook, _ = bad_plugins()[name]

    def counted() -> bool:
        lines = running.metrics().splitlines()
        failed = [line for line in lines if line.startswith("amber_plugin_errors_total") and f'"{name}"' in line]
        return any(f'hook="{hook}"' in line and float(line.rsplit(" ", 1)[1]) > 0 for line in failed)

    wait_until(counted)
    assert f"plugin {name} failed" in running.log()


def test_items_no_handler_could_take_are_kept_aside(hurt: tuple[Running, Any]) -> None:
    running, _ = hurt
    guilty = {name for name in TOGETHER if bad_plugins()[name][0] == "item_handlers"}
    wait_until(lambda: guilty <= {letter["plugin"] for letter in running.cli_json("dead", "list")})
    wait_until(
        lambda: sum(count for (_, outcome), count in running.outcomes().items() if outcome == "dead") == len(guilty)
    )
    letter = next(one for one in running.cli_json("dead", "list") if one["plugin"] in guilty)
    assert (
        f"{letter['plugin']}: plugin {letter['plugin']} failed in item_handlers" in running.cli("dead", "list").stdout
    )
    shown = running.cli("dead", "show", letter["id"]).stdout
    assert letter["error"] in shown
    assert "sentry/envelope" in shown
    assert running.cli("dead", "drop", letter["id"]).stdout == "1 dropped.\n"
    assert letter["id"] not in [one["id"] for one in running.cli_json("dead", "list")]


def test_nothing_is_stored_unscrubbed(start: Callable[..., Running], strangers: dict[str, str]) -> None:
    culprits = [name for name, (hook, _) in bad_plugins().items() if hook == "scrub_events"]
    events = {name: error(f"Unscrubbed{number}") for number, name in enumerate(culprits)}
    for name, event in events.items():
        running = start(toml=enabling([name], IMPATIENT), environment=strangers, name="scrubbed")
        assert send(running, envelope(event)) == 200

        def letters(running: Running = running, name: str = name) -> list[Any]:
            return [letter for letter in running.cli_json("dead", "list") if letter["plugin"] == name]

        [letter] = wait_until(letters)
        assert "scrub_events" in letter["error"]
        assert f"plugin {name} failed in scrub_events" in running.log()
        wait_until(lambda running=running, name=name: f'hook="scrub_events",plugin="{name}"' in running.metrics())
        assert running.event(event["event_id"]) is None
        running.stop()
    running = start(toml=IMPATIENT, environment=strangers, name="scrubbed")
    numbers = [letter["id"] for letter in running.cli_json("dead", "list")]
    assert len(numbers) == len(events)
    assert running.cli("dead", "retry", *numbers).returncode == 0
    for event in events.values():
        stored = running.stored(event["event_id"])
        assert running.get(f"/issues/{stored['issue_id']}")["count"] == 1
    assert running.cli_json("dead", "list") == []
    assert running.outcomes()["error", "stored"] == len(events)
    assert ("error", "dead") not in running.outcomes()
    assert unbalanced(running.counts()) == []


@pytest.mark.parametrize("way", ["raises", "hangs", "rubbish"])
def test_who_cannot_decide_denies(start: Callable[..., Running], strangers: dict[str, str], way: str) -> None:
    running = start(toml=enabling([f"{way}_authorise"]), environment=strangers)
    answer = running.api.get("/projects")
    assert answer.status_code == 403
    assert f"{way}_authorise could not decide" in answer.json()["detail"]
    assert running.web.get("/health/live").status_code == 200
    assert running.cli("send-test").returncode == 0
    assert f'plugin="{way}_authorise"' in running.metrics()
    assert f"plugin {way}_authorise failed in authorise" in running.log()
