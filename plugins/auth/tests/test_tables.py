"""The tables of the auth plugins, on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import Engine, select

from amber.testing.databases import open_database
from amber_auth import ember, password
from amber_auth.ember.codes import Codes
from amber_auth.failures import WINDOW, Failures, account, address

NOON = 1_700_000_010.0


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each of the two with the plugins' tables."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'amber.db'}"
    made = open_database(url, ember, password)
    yield made
    made.dispose()


@pytest.mark.parametrize("prefix", ["password", "ember"])
def test_failures_count_until_they_are_forgotten_or_old(engine: Engine, prefix: str) -> None:
    failures = Failures(engine, prefix)
    who, where = account("ann@shop.test", "192.0.2.1"), address("192.0.2.1")
    failures.note([who, where], NOON)
    failures.note([who, where], NOON + 0.25)
    assert (failures.count(who, NOON + 1), failures.count(where, NOON + 1)) == (2, 2)
    failures.forget(where, at=NOON + 0.25)
    assert (failures.count(who, NOON + 1), failures.count(where, NOON + 1)) == (2, 1)
    failures.forget(who)
    assert (failures.count(who, NOON + 1), failures.count(where, NOON + 1)) == (0, 1)
    assert failures.count(where, NOON + WINDOW) == 0


def test_a_code_is_good_once_in_all_processes(engine: Engine) -> None:
    secret = pyotp.random_base32()
    codes, shown = Codes(engine, secret), pyotp.TOTP(secret).at(int(NOON))
    step = codes.step_of(shown, NOON)
    assert step == NOON // 30
    assert [Codes(engine, secret).take(step) for _ in range(3)] == [True, False, False]
    assert codes.take(step + 1)
    assert codes.step_of(shown, NOON + 90) is None


def test_codes_nobody_could_show_any_more_are_forgotten(engine: Engine) -> None:
    codes = Codes(engine, pyotp.random_base32())
    assert codes.take(1000)
    assert codes.take(1100)
    with engine.connect() as connection:
        assert connection.execute(select(codes.table)).scalars().all() == [1100]
