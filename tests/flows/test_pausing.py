"""A consumer most of whose items die stands still, says so, loses nothing, and goes on by itself once it can."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from .badplugins import enabling, install
from .running import Running, wait_until
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

IMPATIENT = "[worker]\nattempts = 2\nprobe_after = 0.5\n"
FIRST, THEN = 30, 40


def send(amber: Running, count: int) -> None:
    requests = [post(amber.url, amber.project, amber.key, envelope(error())) for _ in range(count)]
    assert set(asyncio.run(send_all(amber.url, requests, 8))) == {200}


def test_what_only_fails_is_not_tried_to_the_last(start: Callable[..., Running], tmp_path: Path) -> None:
    install(tmp_path / "site")
    culprit = "raises_scrub_events"
    amber = start(toml=enabling([culprit], IMPATIENT), environment={"PYTHONPATH": str(tmp_path / "site")})
    send(amber, FIRST)
    problem = wait_until(lambda: [one for one in amber.web.get("/health/ready").json()["problems"] if "paused" in one])
    assert "consumer digest is paused" in problem[0]
    assert f"plugin {culprit} failed in scrub_events" in problem[0]
    assert "`amber dead resume digest` goes on" in problem[0]
    wait_until(lambda: 'amber_consumer_paused{consumer="digest"' in amber.metrics())
    send(amber, THEN)
    dead = len(amber.cli_json("dead", "list", "--limit", "500"))
    assert dead < FIRST + THEN
    (amber.data / "amber.toml").write_text(IMPATIENT)  # the culprit is switched off
    wait_until(lambda: f"plugin {culprit} is switched off" in amber.log())
    wait_until(amber.is_ready)
    assert "consumer digest goes on" in amber.log()
    assert amber.cli("dead", "retry", "--all").returncode == 0
    wait_until(lambda: sum(issue["count"] for issue in amber.issues()) == FIRST + THEN)
    wait_until(lambda: amber.outcomes().get(("error", "dead"), 0) == 0)
    assert amber.outcomes()["error", "stored"] == FIRST + THEN
