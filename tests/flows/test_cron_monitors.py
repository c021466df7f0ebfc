"""Scheduled jobs are watched: SDKs and plain URLs check in, and people hear of what failed, overran or never came."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from msgspec import Struct
from sentry_sdk.crons import MonitorStatus, capture_checkin, monitor

from .browsing import Desk, browser, desk
from .conftest import ended
from .receivers import Receiver, receiving
from .running import Running, wait_until

__all__ = ["browser", "desk"]
TOML = """\
[outbound]
allowed_networks = ["127.0.0.0/8"]

[plugins.checkins]
every = 1
"""
EVERY_MINUTE: Any = {
    "schedule": {"type": "crontab", "value": "* * * * *"},
    "timezone": "Europe/Berlin",
    "checkin_margin": 0,
    "max_runtime": 1,
}
HOURLY: Any = {"schedule": {"type": "interval", "value": 1, "unit": "hour"}}


class Watched(Struct):
    """An Amber whose news of jobs go to a receiver."""

    amber: Running
    receiver: Receiver

    @property
    def path(self) -> str:
        return f"/projects/{self.amber.project}/monitors"

    def monitor(self, slug: str) -> Any:
        """The monitor, or None while no check-in has made it."""
        answer = self.amber.api.get(f"{self.path}/{slug}")
        return answer.json() if answer.status_code == 200 else None

    def runs(self, slug: str, environment: str = "production") -> list[Any]:
        """Its runs, oldest first; none while no check-in has made the monitor, or its environment."""
        answer = self.amber.api.get(f"{self.path}/{slug}/environments/{environment}/checkins")
        if answer.status_code == 404:
            return []
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["items"]
        return found[::-1]

    def settled(self, slug: str, *statuses: str, environment: str = "production") -> list[Any]:
        """Its runs, once they ended like this."""
        wait_until(lambda: tuple(run["status"] for run in self.runs(slug, environment)) == statuses)
        return self.runs(slug, environment)

    def told(self, slug: str) -> list[tuple[str, str]]:
        """Kind and title of what people heard of a job, oldest first."""
        about = [post.told for post in self.receiver.got("/jobs") if post.told["url"].endswith(f"/monitors/{slug}")]
        return [(one["kind"], one["title"]) for one in about]

    def cron(self, slug: str, status: str, **more: Any) -> Any:
        """A check-in by URL."""
        url = f"/api/{self.amber.project}/cron/{slug}/{self.amber.key}/"
        answer = self.amber.web.post(url, params={"status": status}, json=more)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        amber = stack.enter_context(ended(Running(tmp_path_factory.mktemp("monitors") / "data", toml=TOML)))
        hook = {"plugin": "webhook", "name": "On call", "settings": {"url": receiver.url("/jobs")}}
        made = amber.api.post(f"/projects/{amber.project}/targets", json=hook)
        assert made.status_code == 201, made.text
        yield Watched(amber, receiver)


@pytest.fixture
def sdk(watched: Watched) -> Iterator[None]:
    """The real SDK, sending to the Amber that runs."""
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(sentry_sdk.Client(dsn=watched.amber.dsn, default_integrations=False, environment="prod"))
        yield
        scope.get_client().close()


def test_a_decorated_job_is_watched_by_what_its_code_says(watched: Watched, sdk: None) -> None:
    @monitor(monitor_slug="Nightly Report", monitor_config=HOURLY)
    def report(fails: bool) -> None:
        if fails:
            raise ValueError("no paper")

    report(False)
    with pytest.raises(ValueError, match="no paper"):
        report(True)
    with pytest.raises(ValueError, match="no paper"):
        report(True)
    report(False)
    sentry_sdk.flush()

    runs = watched.settled("nightly-report", "ok", "error", "error", "ok", environment="prod")
    assert all(run["duration"] is not None for run in runs)
    shown = watched.monitor("nightly-report")
    assert shown["plan"]["schedule"] == {"type": "interval", "value": 1, "unit": "hour"}
    assert shown["environments"][0]["is_failing"] is False
    wait_until(lambda: len(watched.told("nightly-report")) == 2)
    assert watched.told("nightly-report") == [
        ("monitor.failed", "Nightly Report failed"),
        ("monitor.recovered", "Nightly Report is well again"),
    ]
    assert watched.amber.outcomes()["monitor", "stored"] >= 8


def test_check_ins_by_hand_and_by_url_are_one_run(watched: Watched, sdk: None) -> None:
    run = capture_checkin(monitor_slug="import", status=MonitorStatus.IN_PROGRESS, monitor_config=HOURLY)
    sentry_sdk.flush()
    watched.settled("import", "in_progress", environment="prod")
    watched.cron("import", "ok", check_in_id=run, environment="prod", duration=3.5)
    [found] = watched.settled("import", "ok", environment="prod")
    assert (found["check_in_id"], found["duration"]) == (run, 3.5)


def test_a_plain_get_is_a_check_in_and_a_wrong_one_is_told(watched: Watched) -> None:
    amber = watched.amber
    base = f"/api/{amber.project}/cron/backup"
    assert amber.web.get(f"{base}/{amber.key}/").status_code == 202
    assert amber.web.get(base, params={"sentry_key": amber.key, "status": "error"}).status_code == 202
    watched.settled("backup", "ok", "error")
    refused = amber.web.get(f"{base}/{amber.key}", params={"status": "fine"})
    assert (refused.status_code, "no status" in refused.json()["detail"]) == (400, True)
    assert amber.web.get(base).status_code == 401
    assert amber.web.get(f"{base}/{'0' * 32}").status_code == 403


def test_what_never_came_and_never_ended_is_told_once_whoever_dies(watched: Watched) -> None:
    amber = watched.amber
    watched.cron("heartbeat", "ok", monitor_config=EVERY_MINUTE)
    watched.cron("endless", "in_progress", monitor_config={**EVERY_MINUTE, **HOURLY})
    watched.settled("heartbeat", "ok")
    os.kill(amber.children()["worker"], signal.SIGKILL)
    amber.worker_beside()  # and now there are two that look

    def both_told() -> bool:
        return bool(watched.told("heartbeat") and watched.told("endless"))

    wait_until(both_told)  # each takes its minute
    assert watched.told("endless") == [("monitor.timeout", "endless has been running for more than 1 min")]
    [(kind, title)] = watched.told("heartbeat")
    assert kind == "monitor.missed"
    assert title.startswith("heartbeat did not run: it was due on ")
    assert title.endswith(("CET", "CEST"))
    missed = [run["expected_at"] for run in watched.runs("heartbeat") if run["status"] == "missed"]
    assert len(set(missed)) == len(missed) > 0
    [endless] = watched.runs("endless")
    assert endless["status"] == "timeout"
    watched.cron("heartbeat", "ok")
    wait_until(lambda: watched.told("heartbeat")[-1][0] == "monitor.recovered")


def test_captures_of_real_sdks_become_runs(watched: Watched, shared: Path) -> None:
    folder = shared / "corpus" / "sdk_captures"
    every = sorted(folder.glob("*.json"))
    recorded = [file for file in every if json.loads(file.read_text())["item_types"] == ["check_in"]]
    assert recorded
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={watched.amber.key}, sentry_version=7"}
    for file in recorded:
        body = file.with_suffix(".envelope").read_bytes()
        sent = watched.amber.web.post(f"/api/{watched.amber.project}/envelope/", content=body, headers=headers)
        assert sent.status_code == 200, sent.text
    assert [run["status"] for run in watched.settled("nightly", "ok", environment="prod")] == ["ok"]
    watched.settled("n", "ok", "ok", environment="prod")
    assert watched.monitor("nightly")["plan"]["schedule"] == {"type": "crontab", "value": "0 0 * * *", "unit": None}
    assert watched.monitor("n")["plan"]["schedule"] == {"type": "interval", "value": 5, "unit": "minute"}


def test_a_monitor_is_made_and_watched_in_the_browser(watched: Watched, desk: Desk) -> None:
    slug = watched.amber.get("/projects")["items"][0]["slug"]
    page = desk.page(watched.amber, f"/projects/{slug}")
    page.get_by_role("link", name="Monitors").click()
    page.get_by_role("link", name="New monitor").click()
    page.get_by_label("Name").fill("Tidy up")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("radio", name="Crontab").check()
    page.get_by_role("textbox", name="Crontab").fill("30 4 * * *")
    page.get_by_role("button", name="Preview the next runs").click()
    assert len(page.locator(".runs li").all_inner_texts()) == 5
    page.get_by_role("button", name="Save").click()
    page.get_by_text("It waits for its first check-in").wait_for()

    watched.cron("tidy-up", "error", duration=2)
    watched.settled("tidy-up", "error")
    page.reload()
    page.locator("section .state.failing").wait_for()
    assert page.locator("svg.strip rect.error").count() == 1
    page.get_by_role("button", name="Mute").first.click()
    page.get_by_text("Nobody is told of it until you unmute it.").wait_for()
    assert watched.monitor("tidy-up")["is_muted"] is True
    told = wait_until(lambda: [post.told for post in watched.receiver.got("/jobs") if "Tidy up" in post.told["title"]])
    page.goto(told[0]["url"])
    page.get_by_role("heading", name="Tidy up").wait_for()
