"""What kills or hangs its worker is found, named and set aside; everything that came with it is stored once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .badplugins import enabling
from .deadlyplugins import WAYS, install
from .running import Running, wait_until
from .wire import KINDS, envelope, error, post, send_all

pytestmark = pytest.mark.measured

IMPATIENT = "[worker]\nhang_after = 2.0\nack_wait = 1.0\n"
SOUND = 300


def begin(start: Callable[..., Running], folder: Path) -> Running:
    """An Amber with every deadly plugin."""
    return start(toml=enabling(install(folder), IMPATIENT), environment={"PYTHONPATH": str(folder)})


def send(amber: Running, bodies: list[bytes]) -> None:
    requests = [post(amber.url, amber.project, amber.key, body) for body in bodies]
    statuses = asyncio.run(send_all(amber.url, requests, 16))
    assert set(statuses) == {200}


def letters(amber: Running, count: int) -> Callable[[], Any]:
    """Asks for the dead letters by plugin, once there are so many."""

    def found() -> dict[str, str]:
        told = amber.cli_json("dead", "list")
        rows = told if isinstance(told, list) else told["items"]
        return {row["plugin"]: row.get("error") or row["reason"] for row in rows} if len(rows) >= count else {}

    return found


def test_an_event_that_takes_its_worker_with_it_is_set_aside_alone(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    amber = begin(start, tmp_path / "site")
    events = [error(KINDS[number % 20]) for number in range(SOUND)]
    deadly = [error(f"Problem_{way}") for way in WAYS]
    for position, event in enumerate(deadly):
        events.insert(SOUND // 3 * (position + 1), event)
    send(amber, [envelope(event) for event in events])
    dead = wait_until(letters(amber, len(WAYS)), 200)
    assert set(dead) == set(WAYS)
    for way, reason in dead.items():
        assert f"plugin {way} failed in enrich_events: the worker " in reason
        assert "with nothing else in hand" in reason
    assert "the worker died of a segmentation fault" in dead["crashes"]
    assert "the worker hung for 2 s" in dead["blocks"]
    wait_until(lambda: sum(issue["count"] for issue in amber.issues()) == SOUND)
    outcomes = amber.outcomes()
    assert (outcomes["error", "stored"], outcomes["error", "dead"]) == (SOUND, len(WAYS))
    assert all(amber.event(event["event_id"]) is None for event in deadly)
    assert amber.is_ready()


def test_an_item_and_a_fact_that_kill_leave_the_event_they_belong_to_alone(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    amber = begin(start, tmp_path / "site")
    event = error("Problem_heard")
    body = envelope(event) + b'\n{"type":"log"}\n{"it":"is poison"}'
    send(amber, [body, *[envelope(error()) for _ in range(20)]])
    dead = wait_until(letters(amber, 2), 90)
    assert "plugin handles failed in item_handlers: the worker ended itself with exit code 3" in dead["handles"]
    assert "plugin hears failed in on_fact: the worker" in dead["hears"]
    assert amber.stored(event["event_id"])["title"] == "Problem_heard: it broke"
    wait_until(lambda: amber.outcomes().get(("error", "stored")) == 21)
    assert amber.outcomes()["log_item", "dead"] == 1
