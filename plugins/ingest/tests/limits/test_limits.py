from hypothesis import given
from hypothesis import strategies as st

from amber import Context
from amber.model import ItemNote, Principal, Project, Verdict
from amber.testing.contexts import make_context
from amber_ingest import limits
from amber_ingest.limits import Config, admit_items
from amber_ingest.limits.buckets import Buckets

KEY = Principal("key", "7", projects=frozenset({1}), organisation=1)
EVENT = ItemNote("event", "error", 100)


def project(**settings: object) -> Project:
    return Project(1, 1, "shop", "Shop", "python", 0.0, settings)


def ask(ctx: Context[Config], *items: ItemNote, of: Project | None = None) -> dict[int, Verdict]:
    return dict(admit_items(items, KEY, of or project(), ctx))


def test_without_a_limit_everything_is_admitted() -> None:
    ctx = make_context(limits, Config())
    assert ask(ctx, *[EVENT] * 500) == {}


def test_what_is_over_the_keys_limit_is_refused_with_the_time_to_wait() -> None:
    refused = ask(make_context(limits, Config(per_key=2)), EVENT, EVENT, EVENT)
    assert list(refused) == [2]
    assert refused[2].outcome == "rate_limited"
    assert refused[2].scope == "key"
    assert 29 < refused[2].retry_after <= 30


def test_a_projects_own_limit_replaces_the_configured_one() -> None:
    ctx = make_context(limits, Config(per_project=100))
    refused = ask(ctx, EVENT, EVENT, of=project(rate_limit_per_minute=1))
    assert {position: verdict.scope for position, verdict in refused.items()} == {1: "project"}


def test_a_setting_that_is_no_number_leaves_the_configured_limit() -> None:
    ctx = make_context(limits, Config(per_project=1))
    assert list(ask(ctx, EVENT, EVENT, of=project(rate_limit_per_minute="many"))) == [1]


def test_client_reports_are_never_limited() -> None:
    ctx = make_context(limits, Config(per_key=1))
    assert list(ask(ctx, EVENT, ItemNote("client_report", "internal", 10), EVENT)) == [2]


@given(st.integers(1, 1000), st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50)), max_size=50))
def test_a_bucket_never_grants_more_than_its_size_and_its_refill(
    per_minute: int, asks: list[tuple[float, int]]
) -> None:
    buckets, now, granted = Buckets(), 1000.0, 0.0
    for pause, quantity in asks:
        now += pause
        if buckets.take("k", per_minute, quantity, now) == 0.0:
            granted += min(quantity, per_minute)
    assert granted <= per_minute + (now - 1000.0) * per_minute / 60 + 1e-6


def test_waiting_as_long_as_told_is_enough() -> None:
    buckets = Buckets()
    assert buckets.take("k", 10, 10, 0.0) == 0.0
    wait = buckets.take("k", 10, 4, 1.0)
    assert buckets.take("k", 10, 4, 1.0 + wait + 1e-9) == 0.0


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    buckets = Buckets()
    buckets.take("k", 10, 5, 100.0)
    assert buckets.take("k", 10, 5, 50.0) == 0.0


def test_the_bucket_unused_for_longest_makes_room(monkeypatch) -> None:
    monkeypatch.setattr("amber_ingest.limits.buckets.REMEMBERED", 2)
    buckets = Buckets()
    for name in ("a", "b", "c"):
        buckets.take(name, 1, 1, 0.0)
    assert buckets.take("a", 1, 1, 0.0) == 0.0
    assert buckets.take("c", 1, 1, 0.0) > 0.0
