import time
from contextlib import suppress

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.cli.moments import Moment, Rate, moment

HOUR = 3600


@pytest.mark.parametrize(
    ("said", "ago"), [("7d", 168 * HOUR), ("12h", 12 * HOUR), ("30m", HOUR / 2), ("0s", 0), ("1w", 168 * HOUR)]
)
def test_a_time_may_be_said_as_how_long_ago(said: str, ago: float) -> None:
    assert Moment().convert(said, None, None) == pytest.approx(time.time() - ago, abs=5)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T12:30Z", "2026-01-31T12:30:00+00:00"),
        ("2026-01-31T12:30+02:00", "2026-01-31T10:30:00+00:00"),
    ],
)
def test_a_date_without_a_zone_is_in_utc(said: str, shown: str) -> None:
    assert moment(Moment().convert(said, None, None)) == shown


@pytest.mark.parametrize(
    ("said", "rate"), [("100", 100), ("100/s", 100), ("30/m", 0.5), ("1.5/s", 1.5), ("36/h", 0.01)]
)
def test_a_rate_is_so_many_a_second(said: str, rate: float) -> None:
    assert Rate().convert(said, None, None) == pytest.approx(rate)


@given(st.text())
def test_nonsense_is_refused_in_the_words_of_the_command_line(said: str) -> None:
    for kind in (Moment(), Rate()):
        with suppress(click.BadParameter):
            assert isinstance(kind.convert(said, None, None), float)


@pytest.mark.parametrize("said", ["0", "0/s", "-1", "many", "5/d", ""])
def test_nothing_at_all_is_no_rate(said: str) -> None:
    with pytest.raises(click.BadParameter):
        Rate().convert(said, None, None)
