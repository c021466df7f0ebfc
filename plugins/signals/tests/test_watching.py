"""What never came and what never ended is seen once, by one of many, and never sooner than it can be known."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from amber.testing.stores import NOON
from amber_signals.checkins.ledger import uid_from
from amber_signals.checkins.watching import PATIENCE, prune

pytestmark = pytest.mark.anyio
EVERY_FIVE = {"schedule": {"type": "crontab", "value": "*/5 * * * *"}, "checkin_margin": 1, "max_runtime": 2}
MINUTE = 60.0
START = NOON - NOON % 300  # a moment at which `EVERY_FIVE` is due
DUE = START + 5 * MINUTE
LATE = DUE + MINUTE + 2
"""When the run at `DUE` is missed: its margin is a minute, and the clock runs two seconds behind."""
DAY = 24 * 3600


async def test_a_run_that_does_not_come_is_missed_once(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    assert await watchman.look(LATE - 1) == []
    assert await watchman.look(LATE) == ["monitor.missed"]
    assert await watchman.look(LATE) == []
    [_, run] = watchman.runs()
    assert (run.status, run.at, run.due) == ("missed", DUE, DUE)
    assert watchman.watch().due == DUE + 5 * MINUTE
    assert watchman.told[0].data["due"] == DUE


async def test_every_miss_is_a_fact_and_the_first_is_a_turn(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    for number in range(4):
        assert await watchman.look(LATE + number * 5 * MINUTE) == ["monitor.missed"]
    assert [fact.data["is_turn"] for fact in watchman.told] == [True, False, False, False]
    assert len({fact.id for fact in watchman.told}) == 4
    await watchman.hear("ok", LATE + 16 * MINUTE)
    assert watchman.told[-1].type == "monitor.recovered"


async def test_a_run_that_comes_within_its_margin_is_not_missed(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    await watchman.hear("in_progress", DUE + 59, check_in_id=uid_from("1"))
    assert await watchman.look(LATE) == []
    assert watchman.runs()[-1].due == DUE


async def test_a_run_that_never_ends_has_overrun_once(watchman: Any) -> None:
    await watchman.hear("in_progress", check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    assert await watchman.look(START + 2 * MINUTE + 1) == []
    assert await watchman.look(START + 2 * MINUTE + 2) == ["monitor.timeout"]
    assert await watchman.look(START + 3 * MINUTE) == []
    assert watchman.statuses() == ["timeout"]


async def test_an_end_after_the_timeout_is_noted_and_moves_nothing(watchman: Any) -> None:
    await watchman.hear("in_progress", check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    await watchman.look(START + 3 * MINUTE)
    failing = watchman.watch()
    await watchman.hear("ok", START + 4 * MINUTE, check_in_id=uid_from("1"))
    await watchman.hear("in_progress", START + 4 * MINUTE, check_in_id=uid_from("1"))
    [run] = watchman.runs()
    assert (run.status, run.duration, run.timeout_at) == ("timeout", 4 * MINUTE, None)
    assert watchman.watch() == failing


async def test_a_run_that_says_it_is_still_at_it_gets_more_time(watchman: Any) -> None:
    await watchman.hear("in_progress", check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    await watchman.hear("in_progress", START + MINUTE, check_in_id=uid_from("1"))
    assert await watchman.look(START + 2.5 * MINUTE) == []
    assert await watchman.look(START + 3.1 * MINUTE) == ["monitor.timeout"]


async def test_nothing_is_missed_whose_check_in_may_lie_on_the_bus(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    watchman.waiting_since = DUE + 30
    assert await watchman.look(LATE + 100) == []
    await watchman.hear("ok", DUE + 30)  # a worker got to it at last
    watchman.waiting_since = 0.0
    assert await watchman.look(LATE + 101) == []
    assert watchman.statuses() == ["ok", "ok"]


async def test_an_item_that_is_stuck_does_not_hold_the_clock_for_good(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    watchman.waiting_since = DUE
    assert await watchman.look(LATE) == []
    assert await watchman.look(LATE + PATIENCE + 1) == ["monitor.missed"]


async def test_nothing_is_missed_while_nobody_can_tell_what_waits(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    watchman.is_away = True
    assert await watchman.look(LATE) == []
    assert watchman.statuses() == ["ok"]


async def test_a_night_in_which_nobody_looked_is_one_miss(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    assert await watchman.look(START + DAY) == ["monitor.missed"]
    due = watchman.watch().due
    assert due is not None
    assert START + DAY - 6 * MINUTE < due <= START + DAY + 5 * MINUTE
    assert await watchman.look(START + DAY) == []


async def test_another_process_goes_on_where_one_died(engine: Engine, keep_watch: Any) -> None:
    before = keep_watch(engine)
    await before.hear("ok", monitor_config=EVERY_FIVE)
    await before.look(LATE)
    after = keep_watch(engine)
    assert await after.look(LATE + 1) == []
    assert await after.look(LATE + 5 * MINUTE) == ["monitor.missed"]
    assert before.told[0].id != after.told[0].id


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
async def test_many_that_look_at_once_count_each_miss_once(engine: Engine, keep_watch: Any) -> None:
    watchmen: list[Any] = [keep_watch(engine) for _ in range(4)]
    for number in range(6):
        await watchmen[0].hear("ok", slug=f"job-{number}", monitor_config=EVERY_FIVE)
        await watchmen[0].hear("in_progress", START + 1, slug=f"job-{number}", check_in_id=uid_from(f"{number}"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: asyncio.run(one.look(LATE)), watchmen))
    facts = {fact.id: fact for one in watchmen for fact in one.told}
    assert sorted(fact.type for fact in facts.values()) == ["monitor.missed"] * 6 + ["monitor.timeout"] * 6
    assert all(len(watchmen[0].runs(f"job-{number}")) == 3 for number in range(6))


async def test_a_monitor_that_cannot_be_watched_holds_up_no_other(memory_engine: Engine, keep_watch: Any) -> None:
    watchman = keep_watch(memory_engine)
    await watchman.hear("ok", slug="broken", monitor_config=EVERY_FIVE)
    await watchman.hear("ok", slug="nightly", monitor_config=EVERY_FIVE)
    memory_engine.connect().exec_driver_sql(
        "UPDATE checkins_monitors SET plan = replace(plan, 'UTC', 'Gone/Away') WHERE slug = 'broken'"
    ).connection.commit()
    assert await watchman.look(LATE) == ["monitor.missed"]


async def test_old_runs_go_as_the_projects_events_go(watchman: Any) -> None:
    for days in (100, 50, 20, 0):
        await watchman.hear("ok", START - days * DAY)
    await watchman.hear("in_progress", START - 100 * DAY, check_in_id=uid_from("1"))
    watchman.now = START
    await prune(watchman.ctx)
    assert watchman.statuses() == ["in_progress", "ok", "ok", "ok"]
    watchman.shelf.settings = {"retention_days": 30}
    await prune(watchman.ctx)
    assert watchman.statuses() == ["in_progress", "ok", "ok"]
    watchman.shelf.settings = {"retention_days": 0}
    await prune(watchman.ctx)
    assert len(watchman.runs()) == 3


async def test_the_monitors_of_a_project_that_is_gone_go_too(watchman: Any) -> None:
    await watchman.hear("ok", monitor_config=EVERY_FIVE)
    watchman.shelf.is_gone = True
    await prune(watchman.ctx)
    assert watchman.store.monitors(1) == []
