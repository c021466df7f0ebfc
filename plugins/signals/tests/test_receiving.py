"""Check-ins as SDKs send them become runs, each once, in whatever order they come."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from amber.errors import Reject
from amber.testing.events import OBJECTS, VALUES
from amber.testing.stores import HOSTILE_TEXTS, NOON
from amber_signals.checkins.ledger import uid_from
from amber_signals.checkins.monitors import Plan
from amber_signals.checkins.payloads import read_checkin, slug_of, uid_of
from amber_signals.checkins.schedules import Crontab

pytestmark = pytest.mark.anyio
EVERY_FIVE = {"schedule": {"type": "crontab", "value": "*/5 * * * *"}, "checkin_margin": 1, "max_runtime": 2}
MINUTE = 60.0
START = NOON - NOON % 300  # a moment at which `EVERY_FIVE` is due


async def test_a_run_begins_and_ends(watchman: Any) -> None:
    await watchman.hear("in_progress", check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    assert watchman.statuses() == ["in_progress"]
    await watchman.hear("ok", START + 30, check_in_id=uid_from("1"))
    [run] = watchman.runs()
    assert (run.status, run.at, run.ended_at, run.duration) == ("ok", START, START + 30, 30.0)
    assert watchman.watch().last_status == "ok"
    assert watchman.watch().due == START + 5 * MINUTE


async def test_a_monitor_is_what_its_code_says(watchman: Any) -> None:
    await watchman.hear(slug="Nightly Backup!", monitor_config={**EVERY_FIVE, "timezone": "Europe/Berlin"})
    [monitor] = watchman.store.monitors(1)
    assert (monitor.slug, monitor.name) == ("nightly-backup", "Nightly Backup!")
    assert monitor.plan == Plan(Crontab("*/5 * * * *"), "Europe/Berlin", 1, 2)
    await watchman.hear(slug="nightly-backup", monitor_config={"schedule": {"type": "crontab", "value": "@hourly"}})
    [monitor] = watchman.store.monitors(1)
    assert monitor.plan == Plan(Crontab("@hourly"))
    assert watchman.watch("nightly-backup").due == START - START % 3600 + 3600


async def test_a_plan_that_a_person_made_is_not_changed_by_code(watchman: Any) -> None:
    await watchman.hear(monitor_config=EVERY_FIVE)
    theirs = Plan(Crontab("0 3 * * *"))
    with watchman.store.hold(1) as ledger:
        assert ledger is not None
        ledger.change(plan=theirs, follows_code=False)
    await watchman.hear(monitor_config=EVERY_FIVE)
    assert watchman.store.monitors(1)[0].plan == theirs


async def test_a_job_nobody_described_is_kept_until_somebody_does(watchman: Any) -> None:
    assert (await watchman.hear("error")).outcome == "stored"
    assert watchman.store.monitors(1)[0].plan.schedule is None
    assert watchman.watch().deadline is None
    assert await watchman.look(START + 1e7) == []


async def test_a_schedule_that_cannot_be_read_costs_the_schedule_alone(watchman: Any) -> None:
    handled = await watchman.hear(monitor_config={"schedule": {"type": "crontab", "value": "every day"}})
    assert (handled.outcome, handled.reason[:14]) == ("stored", "monitor_config")
    assert watchman.statuses() == ["ok"]


async def test_the_same_item_twice_changes_nothing(watchman: Any) -> None:
    items = [
        watchman.item(
            "in_progress", check_in_id=uid_from("1"), monitor_config={**EVERY_FIVE, "failure_issue_threshold": 3}
        ),
        watchman.item("error", START + 9, check_in_id=uid_from("1")),
        watchman.item("in_progress", START + 10),
        watchman.item("error", START + 11),
        watchman.item("error", START + 12),
    ]
    await watchman.take(*items)
    before = watchman.runs(), watchman.watch(), list(watchman.told)
    assert [run.status for run in before[0]] == ["error"] * 3
    assert before[1].failures == 3
    await watchman.take(*items)
    assert (watchman.runs(), watchman.watch(), watchman.told) == before


async def test_an_end_without_an_id_ends_the_run_that_began_last(watchman: Any) -> None:
    await watchman.hear("in_progress", check_in_id=uid_from("1"))
    await watchman.hear("in_progress", START + 1, check_in_id="0" * 32)
    await watchman.hear("ok", START + 5)
    assert [(run.status, run.duration) for run in watchman.runs()] == [("in_progress", None), ("ok", 4.0)]


async def test_an_end_that_comes_before_its_beginning_stays_the_end(watchman: Any) -> None:
    await watchman.hear("error", START + 5, check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    await watchman.hear("in_progress", START, check_in_id=uid_from("1"))
    [run] = watchman.runs()
    assert (run.status, run.at, run.timeout_at) == ("error", START, None)
    assert watchman.watch().last_status == "error"


async def test_a_check_in_that_comes_late_moves_nothing_back(watchman: Any) -> None:
    await watchman.hear("ok", START + 600, monitor_config=EVERY_FIVE)
    before = watchman.watch()
    await watchman.hear("error", START, check_in_id=uid_from("9"))
    await watchman.hear("in_progress", START + 1, check_in_id=uid_from("8"))
    assert watchman.watch() == before
    assert [run.status for run in watchman.runs()] == ["error", "in_progress", "ok"]
    assert watchman.told == []


async def test_each_environment_stands_for_itself(watchman: Any) -> None:
    await watchman.hear("ok", environment="prod", monitor_config=EVERY_FIVE)
    await watchman.hear("error", environment="staging")
    assert watchman.watch(environment="prod").failing_since is None
    assert watchman.watch(environment="staging").failing_since == START


async def test_failures_are_told_and_people_hear_of_turns_alone(watchman: Any) -> None:
    config = {**EVERY_FIVE, "failure_issue_threshold": 2, "recovery_threshold": 2}
    for number, status in enumerate(("error", "error", "error", "ok", "error", "ok", "ok", "ok", "error"), 1):
        await watchman.hear(status, START + number, monitor_config=config)
    assert [(fact.type, fact.data["is_turn"]) for fact in watchman.told] == [
        ("monitor.failed", False),
        ("monitor.failed", True),
        ("monitor.failed", False),
        ("monitor.failed", False),
        ("monitor.recovered", True),
        ("monitor.failed", False),
    ]
    assert len({fact.id for fact in watchman.told}) == 6


async def test_news_waits_while_the_bus_is_away(watchman: Any) -> None:
    watchman.is_away = True
    await watchman.hear("error", monitor_config=EVERY_FIVE)
    assert watchman.told == []
    watchman.is_away = False
    assert await watchman.look(START + 1) == ["monitor.failed"]
    assert await watchman.look(START + 2) == []


async def test_there_are_only_so_many_monitors_and_environments(memory_engine: Engine, keep_watch: Any) -> None:
    watchman = keep_watch(memory_engine, monitors=2, environments=2)
    assert [(await watchman.hear(slug=slug)).outcome for slug in "abcb"] == ["stored", "stored", "invalid", "stored"]
    told = [(await watchman.hear(slug="a", environment=name)).outcome for name in ("x", "y", "x")]
    assert told == ["stored", "invalid", "stored"]
    assert [one.slug for one in watchman.store.monitors(1)] == ["a", "b"]


NO_CHECKINS = (b"", b"[]", b"{", b'"x"', b"{}", b"\xff", b"[" * 9999, b'{"monitor_slug":"!!","status":"ok"}')


@pytest.mark.parametrize("payload", [*NO_CHECKINS, b'{"monitor_slug":"a"}', b'{"monitor_slug":"a","status":"missed"}'])
def test_what_is_no_check_in_is_refused(payload: bytes) -> None:
    with pytest.raises(Reject):
        read_checkin(payload)


async def test_what_is_no_check_in_is_counted_as_invalid(watchman: Any) -> None:
    assert (await watchman.hear("well")).outcome == "invalid"


async def test_any_words_of_a_client_can_be_kept(watchman: Any) -> None:
    for text in HOSTILE_TEXTS:
        handled = await watchman.hear("ok", slug=f"a{text}", environment=text, check_in_id=text, monitor_config=text)
        assert handled.outcome == "stored"


@given(OBJECTS, st.sampled_from(["ok", "error", "in_progress"]), VALUES)
def test_hostile_check_ins_are_read_or_refused(more: dict[str, Any], status: str, config: Any) -> None:
    plain = {"monitor_slug": "a", "status": status, "monitor_config": config, **more}
    try:
        checkin = read_checkin(json.dumps(plain).encode())
    except Reject:
        return
    assert checkin.slug == slug_of(plain["monitor_slug"])


@given(st.text(max_size=200))
def test_a_slug_stays_a_slug(name: str) -> None:
    slug = slug_of(name)
    assert slug_of(slug) == slug
    assert len(slug) <= 50
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def test_ids_of_runs_are_uuids_and_nil_is_none() -> None:
    assert uid_of("A5EB7B48-a8ee-47f5-9025-b0457f08102a") == "a5eb7b48a8ee47f59025b0457f08102a"
    assert [uid_of(one) for one in ("0" * 32, "", None, 7, "abc")] == [""] * 5
