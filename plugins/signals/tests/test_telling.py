"""People hear when a job begins to fail and when it is well again."""

from typing import Any

import pytest
from msgspec.structs import replace

from amber.model import Alert
from amber.testing.stores import NOON
from amber.testing.targets import SHOP
from amber_signals import checkins

pytestmark = pytest.mark.anyio
EVERY_FIVE = {"schedule": {"type": "crontab", "value": "*/5 * * * *"}, "checkin_margin": 1, "max_runtime": 2}
MINUTE = 60.0
START = NOON - NOON % 300  # a moment at which `EVERY_FIVE` is due


def told(watchman: Any) -> list[Alert]:
    """Show the plugin its own facts, as the kernel does; what it wants people to be told."""
    return [alert for fact in watchman.told for alert in checkins.evaluate_fact(fact, SHOP, watchman.ctx)]


@pytest.fixture
async def failing(watchman: Any) -> Any:
    """A job that missed a run and then two more."""
    await watchman.hear("ok", monitor_config={**EVERY_FIVE, "timezone": "Europe/Berlin"})
    for number in (1, 2, 3):
        await watchman.look(START + number * 5 * MINUTE + MINUTE + 2)
    return watchman


async def test_people_are_told_once_of_a_job_that_keeps_failing(failing: Any) -> None:
    assert told(failing) == [
        Alert(
            "nightly did not run: it was due on Tue 14 Nov at 23:15 CET",
            targets="all",
            page="/projects/shop/pages/checkins/monitors/nightly",
            culprit="nightly in production",
            level="error",
        )
    ]


async def test_only_the_targets_that_a_monitor_names_are_told(failing: Any) -> None:
    with failing.store.hold(1) as ledger:
        assert ledger is not None
        ledger.change(targets=(2, 3, 9))
    assert [one.targets for one in told(failing)] == [(2, 3, 9)]


async def test_a_muted_job_tells_the_world_and_not_people(failing: Any) -> None:
    with failing.store.hold(1) as ledger:
        assert ledger is not None
        ledger.change(is_muted=True)
    await failing.hear("ok", START + 17 * MINUTE)
    assert failing.told[-1].type == "monitor.recovered"
    failing.told = failing.told[-1:]
    assert told(failing) == []


async def test_a_muted_environment_is_quiet_alone(watchman: Any) -> None:
    await watchman.hear("ok", environment="staging")
    with watchman.store.hold(1) as ledger:
        assert ledger is not None
        ledger.keep(replace(ledger.watches()[0], is_muted=True))
    await watchman.hear("error", START + 1, environment="staging")
    await watchman.hear("error", START + 1, environment="prod")
    assert [one.culprit for one in told(watchman)] == ["nightly in prod"]


async def test_titles_say_what_happened(watchman: Any) -> None:
    await watchman.hear("error", monitor_config={**EVERY_FIVE, "failure_issue_threshold": 2})
    await watchman.hear("error", START + 1)
    await watchman.hear("ok", START + 2)
    await watchman.hear("in_progress", START + 3, slug="slow", monitor_config=EVERY_FIVE)
    await watchman.look(START + 3 * MINUTE)
    assert [(one.title, one.level) for one in told(watchman)] == [
        ("nightly failed 2 times in a row", "error"),
        ("nightly is well again", "info"),
        ("slow has been running for more than 2 min", "error"),
    ]


async def test_a_monitor_that_is_gone_tells_nobody(failing: Any) -> None:
    failing.store.remove(1)
    assert told(failing) == []
