import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber import Context
from amber.model import (
    DAY,
    HOUR,
    Admission,
    Allowance,
    ItemNote,
    Limit,
    OutcomeCount,
    Principal,
    Project,
)
from amber.testing.contexts import make_context
from amber_ingest import limits
from amber_ingest.limits import Config, admit_items, plugin_stop
from amber_ingest.limits.buckets import Buckets, Size

KEY, OTHER = (Principal("key", number, projects=frozenset({1}), organisation=1) for number in ("7", "8"))
EVENT, SESSION = ItemNote("event", "error", 100), ItemNote("session", "session", 100)
NOON = 1_700_006_400.0
"""A moment at which an hour and a day begin."""


class Store:
    """Counts as the database has them; `read` is set once somebody asked."""

    def __init__(self) -> None:
        self.counts: list[OutcomeCount] = []
        self.asked: list[tuple[int, int, int]] = []
        self.is_away = False

    def outcomes(self, project: int, since: int, until: int) -> tuple[OutcomeCount, ...]:
        self.asked.append((project, since, until))
        if self.is_away:
            raise ConnectionError("away")
        return tuple(self.counts)


class Desk:
    """The plugin with a clock and a store of its own."""

    def __init__(self, config: Config) -> None:
        self.store, self.time = Store(), NOON
        self.ctx: Context[Config] = make_context(limits, config, issue_store=self.store)
        self.ctx.now = lambda: self.time  # type: ignore[method-assign]

    def ask(self, *items: ItemNote, key: Principal = KEY, of: Project | None = None) -> Admission:
        return admit_items(items, key, of or project(), self.ctx)

    def refused(self, *items: ItemNote, **more: Any) -> list[int]:
        return list(self.ask(*items, **more).refused)

    def settle(self) -> None:
        """Wait until what was asked of the store has been answered."""
        self.ctx.keep("gate", SimpleNamespace)._known._reader.submit(lambda: None).result()


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**config: int) -> Desk:
        made.append(Desk(Config(**config)))
        return made[-1]

    yield make
    for one in made:
        plugin_stop(one.ctx)


Make = Callable[..., Desk]


def project(*own: Limit, **settings: object) -> Project:
    if own:
        settings["limits"] = msgspec.json.decode(msgspec.json.encode(own))
    return Project(1, 1, "shop", "Shop", "python", 0.0, settings)


def test_without_a_limit_everything_is_admitted(desk: Make) -> None:
    assert desk().ask(*[EVENT] * 500) == Admission()


def test_what_is_over_the_keys_limit_is_refused_with_the_time_to_wait(desk: Make) -> None:
    one = desk(per_key=2)
    found = one.ask(EVENT, EVENT, EVENT)
    assert list(found.refused) == [2]
    verdict = found.refused[2]
    assert (verdict.outcome, verdict.reason, verdict.scope, verdict.retry_after) == (
        "rate_limited",
        "key_limit",
        "key",
        30.0,
    )
    assert one.refused(EVENT, key=OTHER) == []


def test_a_projects_own_limits_replace_those_configured(desk: Make) -> None:
    one = desk(per_key=1, per_project=1)
    of = project(Limit(2, 3600))
    assert [one.refused(EVENT, of=of) for _ in range(3)] == [[], [], [0]]
    assert one.refused(*[EVENT] * 9, of=Project(2, 1, "b", "B", "python", 0.0, {"limits": []})) == []


@pytest.mark.parametrize("bad", ["many", [{"count": -1}], [{"count": 1, "kind": "cap", "window": 60}], [{}], 7])
def test_a_setting_nobody_understands_leaves_the_configured_limits(desk: Make, bad: object) -> None:
    assert desk(per_project=1).refused(EVENT, EVENT, of=project(limits=bad)) == [1]


def test_a_limit_may_be_about_some_categories_or_one_key(desk: Make) -> None:
    one = desk()
    errors, seven = Limit(1, 60, categories=("error",)), Limit(2, 60, scope="key", key="7")
    of = project(errors, seven)
    assert one.refused(EVENT, EVENT, SESSION, SESSION, of=of) == [1, 3]
    assert one.refused(SESSION, SESSION, SESSION, key=OTHER, of=of) == []


def test_what_is_refused_by_one_limit_takes_nothing_from_another(desk: Make) -> None:
    one = desk()
    of = project(Limit(1, 60, categories=("error",)), Limit(2, 60, scope="key"))
    assert one.refused(EVENT, EVENT, EVENT, SESSION, SESSION, of=of) == [1, 2, 4]


def test_a_burst_is_granted_and_then_the_rate_holds(desk: Make) -> None:
    one, of = desk(), project(Limit(60, 60, burst=3))
    assert one.refused(*[EVENT] * 4, of=of) == [3]
    one.time += 2
    assert one.refused(*[EVENT] * 4, of=of) == [2, 3]


def test_a_limit_of_nothing_takes_nothing(desk: Make) -> None:
    found = desk().ask(EVENT, of=project(Limit(0, 120)))
    assert (found.refused[0].retry_after, found.allowance) == (120.0, Allowance(0, 0, 120.0))


def test_client_reports_are_never_limited(desk: Make) -> None:
    one, report = desk(per_key=1), ItemNote("client_report", "internal", 10)
    assert one.refused(EVENT, report, EVENT) == [2]


def test_who_runs_into_a_limit_is_told_on_later_answers_too_until_it_is_over(desk: Make) -> None:
    one = desk()
    of = project(Limit(1, 60, categories=("error",)))
    assert one.ask(SESSION, of=of).limited == ()
    one.ask(EVENT, EVENT, of=of)
    one.time += 20
    [told] = one.ask(SESSION, of=of).limited
    assert (told.categories, told.retry_after, told.scope, told.reason) == (
        ("error",),
        40.0,
        "project",
        "project_limit",
    )
    one.time += 40
    assert one.ask(SESSION, of=of).limited == ()


def test_a_limit_that_was_just_hit_is_told_once(desk: Make) -> None:
    found = desk(per_key=1).ask(EVENT, EVENT)
    assert (list(found.refused), found.limited) == ([1], ())


def test_the_allowance_is_that_of_the_nearest_limit(desk: Make) -> None:
    one = desk()
    of = project(Limit(60, 60), Limit(5, 3600, scope="key"), Limit(1, 60, categories=("span",)))
    assert one.ask(EVENT, of=of).allowance == Allowance(5, 4, 0.0)
    assert one.ask(*[EVENT] * 4, of=of).allowance == Allowance(5, 0, 720.0)


def test_a_cap_holds_until_its_window_ends(desk: Make) -> None:
    one, of = desk(), project(Limit(2, HOUR, "cap"))
    one.time += 600
    found = one.ask(EVENT, EVENT, EVENT, of=of)
    assert [(v.outcome, v.reason, v.retry_after) for v in found.refused.values()] == [
        ("over_quota", "project_cap", 3000)
    ]
    assert found.allowance == Allowance(2, 0, 3000.0)
    one.time += 3000
    assert one.refused(EVENT, of=of) == []


def test_a_cap_that_is_raised_goes_on_counting(desk: Make) -> None:
    one = desk()
    one.ask(EVENT, EVENT, of=project(Limit(2, HOUR, "cap")))
    assert one.refused(EVENT, EVENT, of=project(Limit(3, HOUR, "cap"))) == [1]


def test_a_restart_forgives_nothing_the_database_knows(desk: Make) -> None:
    one = desk(cap_per_day=10)
    one.store.counts = [
        OutcomeCount(1, "error", "accepted", "", 10),
        OutcomeCount(1, "internal", "accepted", "", 500),
        OutcomeCount(1, "error", "stored", "", 9),
        OutcomeCount(1, "error", "over_quota", "project_cap", 70),
    ]
    one.ask(EVENT)
    one.settle()
    assert one.refused(EVENT) == [0]
    day = int(NOON // DAY) * 24
    assert set(one.store.asked) == {(1, day, day + 24)}


def test_without_the_database_memory_alone_counts(desk: Make, caplog: pytest.LogCaptureFixture) -> None:
    one = desk(cap_per_day=2)
    one.store.is_away = True
    assert one.refused(EVENT) == []
    one.settle()
    assert one.refused(EVENT, EVENT) == [1]
    assert "goes by memory alone" in caplog.text


def test_many_threads_are_granted_no_more_than_there_is(desk: Make) -> None:
    one, of, granted = desk(), project(Limit(100, HOUR, "cap")), []

    def send() -> None:
        granted.extend(1 for _ in range(50) if not one.refused(EVENT, of=of))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 100


@given(st.integers(1, 1000), st.integers(1, 2000), st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50))))
def test_a_bucket_never_grants_more_than_its_size_and_its_refill(
    per_minute: int, burst: int, asks: list[tuple[float, int]]
) -> None:
    buckets, size, now, granted = Buckets(), Size(burst, per_minute / 60), 1000.0, 0.0
    for pause, quantity in asks:
        now += pause
        if not buckets.wait("k", size, quantity, now):
            buckets.take("k", size, quantity, now)
            granted += min(quantity, burst)
    assert granted <= burst + (now - 1000.0) * per_minute / 60 + 1e-6


SIZE = Size(10, 10 / 60)


def test_waiting_as_long_as_told_is_enough() -> None:
    buckets = Buckets()
    buckets.take("k", SIZE, 10, 0.0)
    wait = buckets.wait("k", SIZE, 4, 1.0)
    assert wait > 20
    assert buckets.wait("k", SIZE, 4, 1.0 + wait + 1e-9) == 0.0


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    buckets = Buckets()
    buckets.take("k", SIZE, 5, 100.0)
    assert buckets.wait("k", SIZE, 5, 50.0) == 0.0


def test_the_bucket_unused_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amber_ingest.limits.buckets.REMEMBERED", 2)
    buckets, size = Buckets(), Size(1, 1 / 60)
    for name in ("a", "b", "c"):
        buckets.take(name, size, 1, 0.0)
    assert [buckets.wait(name, size, 1, 0.0) > 0 for name in ("a", "c")] == [False, True]


def test_the_thread_that_reads_counts_ends_with_the_plugin(desk: Make) -> None:
    before = set(threading.enumerate())
    one = desk(cap_per_day=5)
    one.ask(EVENT)
    readers = set(threading.enumerate()) - before
    assert readers
    plugin_stop(one.ctx)
    for reader in readers:
        reader.join(60)
        assert not reader.is_alive()
