"""When jobs are due: crontabs and intervals, on days on which clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import Reject
from amber_signals.checkins.schedules import (
    MOST,
    UNITS,
    Crontab,
    Interval,
    Schedule,
    check_schedule,
    next_due,
    next_run,
    runs_after,
    zone_of,
)

BERLIN, NEW_YORK, LORD_HOWE = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
)  # the last one shifts by 30 min
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kolkata", "Africa/Casablanca", "Pacific/Apia"])
TIMES = st.floats(datetime(2001, 1, 1, tzinfo=UTC).timestamp(), datetime(2036, 1, 1, tzinfo=UTC).timestamp())


def field(least: int, most: int) -> "st.SearchStrategy[str]":
    number = st.integers(least, most)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    step = st.integers(1, most).map(lambda one: f"*/{one}")
    return st.just("*") | number.map(str) | span | step | st.lists(number, min_size=1, max_size=4).map(
        lambda several: ",".join(map(str, several))
    )  # fmt: skip


CRONTABS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(
    lambda fields: Crontab(" ".join(fields))
)
INTERVALS = st.sampled_from(UNITS).flatmap(lambda unit: st.builds(Interval, st.integers(1, MOST[unit]), st.just(unit)))


def local(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def said(at: float | None, zone: str = BERLIN) -> str:
    assert at is not None
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def after(crontab: str, at: str, count: int = 1, zone: str = BERLIN) -> list[str]:
    found = runs_after(Crontab(crontab), local(at, zone), zone_of(zone))
    return [said(one, zone) for one in islice(found, count)]


def test_a_job_of_the_night_runs_once_where_clocks_go_forward() -> None:
    assert after("30 2 * * *", "2026-03-28 12:00", 2) == ["2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST"]


def test_a_job_of_the_night_runs_once_where_clocks_go_back() -> None:
    assert after("30 2 * * *", "2026-10-24 12:00", 2) == ["2026-10-25 02:30 CEST", "2026-10-26 02:30 CET"]


def test_asking_in_the_hour_that_comes_twice_finds_nothing_that_is_past() -> None:
    second_time = local("2026-10-25 02:10", fold=1)
    assert said(next_run(Crontab("30 2 * * *"), second_time, zone_of(BERLIN))) == "2026-10-26 02:30 CET"


def test_a_job_of_every_hour_runs_in_every_hour_there_is() -> None:
    forward = after("0 * * * *", "2026-03-29 00:30", 4)
    assert [one[11:16] for one in forward] == ["01:00", "03:00", "04:00", "05:00"]
    back = after("0 * * * *", "2026-10-25 00:30", 4)
    assert [one[11:] for one in back] == ["01:00 CEST", "02:00 CEST", "02:00 CET", "03:00 CET"]


def test_runs_that_fall_into_the_hour_that_is_missing_are_one_run() -> None:
    assert after("0,30 2-3 * * *", "2026-03-29 00:30", 3) == [
        "2026-03-29 03:00 CEST",
        "2026-03-29 03:30 CEST",
        "2026-03-30 02:00 CEST",
    ]


def test_a_daily_interval_keeps_its_hour_where_clocks_change() -> None:
    evening = local("2026-03-28 21:00")
    assert said(next_run(Interval(1, "day"), evening, zone_of(BERLIN))) == "2026-03-29 21:00 CEST"
    assert next_run(Interval(24, "hour"), evening, zone_of(BERLIN)) == evening + 24 * 3600


def test_a_month_after_the_last_day_is_the_last_day() -> None:
    end = local("2027-01-31 09:00")
    assert said(next_run(Interval(1, "month"), end, zone_of(BERLIN))) == "2027-02-28 09:00 CET"
    assert said(next_run(Interval(1, "year"), local("2028-02-29 09:00"), zone_of(BERLIN))) == "2029-02-28 09:00 CET"


def test_nicknames_and_names_of_days_are_read() -> None:
    assert after("@daily", "2026-11-23 12:00") == ["2026-11-24 00:00 CET"]
    assert after("0 9 * * mon-fri", "2026-11-27 12:00") == ["2026-11-30 09:00 CET"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 31 2 *",
        "a b c d e",
        "@never",
        "*/0 * * * *",
        "L/2 L L L L",
        "* " * 99,
    ],
)
def test_a_crontab_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Reject):
        check_schedule(Crontab(text))


@pytest.mark.parametrize("schedule", [Interval(0, "day"), Interval(-1, "hour"), Interval(2, "year")])
def test_an_interval_of_nothing_or_of_ages_is_refused(schedule: Schedule) -> None:
    with pytest.raises(Reject, match="an interval is"):
        check_schedule(schedule)


@pytest.mark.parametrize(
    "name", ["", "Europe", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "x" * 5000, "Euro\0pe"]
)
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Reject, match="no time zone"):
        zone_of(name)


def test_a_check_in_moments_early_is_that_runs() -> None:
    hourly, zone, hour = Crontab("0 * * * *"), zone_of("UTC"), 1_700_002_800.0
    assert next_due(hourly, hour - 2, zone) == hour + 3600
    assert next_due(hourly, hour - 60, zone) == hour
    assert next_due(Crontab("* * * * *"), hour - 7, zone) == hour  # a tenth of a minute is all that a minute can spare


@given(CRONTABS, TIMES, ZONES)
def test_runs_are_after_what_was_asked_for_and_in_order(schedule: Crontab, at: float, zone: str) -> None:
    runs = list(islice(runs_after(schedule, at, zone_of(zone)), 6))
    assert all(earlier < later for earlier, later in zip([at, *runs], runs, strict=False))


@given(CRONTABS, TIMES, ZONES)
def test_asking_again_from_any_run_gives_the_runs_behind_it(schedule: Crontab, at: float, zone: str) -> None:
    first, *later = islice(runs_after(schedule, at, zone_of(zone)), 6)
    assert list(islice(runs_after(schedule, first, zone_of(zone)), 5)) == later


@given(CRONTABS, TIMES)
def test_in_utc_a_run_is_where_the_fields_say(schedule: Crontab, at: float) -> None:
    minutes, hours, days, months, weekdays = schedule.value.split()
    run = next_run(schedule, at, zone_of("UTC"))
    assert run is not None
    moment = datetime.fromtimestamp(run, UTC)
    assert moment.minute in numbers(minutes, 0, 59)
    assert moment.hour in numbers(hours, 0, 23)
    assert moment.month in numbers(months, 1, 12)
    on_day = moment.day in numbers(days, 1, 31)
    on_weekday = moment.isoweekday() % 7 in {one % 7 for one in numbers(weekdays, 0, 7)}
    both = "*" in (days[0], weekdays[0])
    assert (on_day and on_weekday) if both else (on_day or on_weekday)


@given(CRONTABS, TIMES, ZONES)
def test_no_day_has_a_fixed_run_twice(schedule: Crontab, at: float, zone: str) -> None:
    minutes, hours, *rest = schedule.value.split()
    fixed = Crontab(f"{min(numbers(minutes, 0, 59))} {min(numbers(hours, 0, 23))} {' '.join(rest)}")
    runs = list(islice(runs_after(fixed, at, zone_of(zone)), 6))
    days = [datetime.fromtimestamp(one, ZoneInfo(zone)).date() for one in runs]
    assert len(set(days)) == len(days)


@given(CRONTABS | INTERVALS, TIMES, ZONES)
def test_what_is_due_next_is_later_than_the_check_in(schedule: Schedule, at: float, zone: str) -> None:
    due = next_due(schedule, at, zone_of(zone))
    assert due is not None
    assert due > at


@given(INTERVALS, TIMES, ZONES)
def test_an_interval_is_about_as_long_as_it_says(schedule: Interval, at: float, zone: str) -> None:
    run = next_run(schedule, at, zone_of(zone))
    assert run is not None
    least = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 28 * 86_400, "year": 365 * 86_400}
    shift = timedelta(hours=26).total_seconds()  # Samoa once left a whole day out
    assert run - at >= least[schedule.unit] * schedule.value - shift


@given(st.text(max_size=40), TIMES, ZONES)
def test_any_text_is_a_schedule_or_refused(text: str, at: float, zone: str) -> None:
    try:
        check_schedule(Crontab(text))
    except Reject:
        return
    assert next_due(Crontab(text), at, zone_of(zone)) is not None


def numbers(text: str, least: int, most: int) -> set[int]:
    """What a field of a crontab lists; written down anew, for it is what the library is held to."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("", "", "") if span == "*" else span.partition("-")
        low = int(first) if first else least
        high = int(last) if last else (low if first else most)
        found |= set(range(low, high + 1, int(step or 1)))
    return found
