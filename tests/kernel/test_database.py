"""Engines: what they are set to, and how they refuse what cannot be used."""

import fcntl
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from amber.errors import ConfigError
from amber.tables.database import make_engine, sqlite_file


def _value(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


def test_an_sqlite_file_is_set_to_outlive_a_power_cut(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/deep/down/amber.db")
    settings = {name: _value(engine, f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert _value(engine, "PRAGMA busy_timeout") == 10_000
    assert _value(engine, "PRAGMA page_size") == 8192
    assert sqlite_file(engine) == tmp_path / "deep/down/amber.db"
    engine.dispose()


def test_processes_that_open_a_fresh_file_at_once_take_turns_to_set_it_up(tmp_path: Path) -> None:
    file = tmp_path / "amber.db"
    another = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(another, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(_value, make_engine(f"sqlite:///{file}"), "PRAGMA journal_mode")
        while not file.exists():
            os.sched_yield()
        assert wait([opened], timeout=0.3).not_done
        assert file.stat().st_size == 0
        os.close(another)
        assert opened.result() == "wal"


def test_a_reader_waits_for_no_writer(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/amber.db")
    reading = engine.execution_options(read_only=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    with engine.begin() as writer, reading.connect() as reader:
        writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
    assert _value(reading, "SELECT count(*) FROM t") == 1
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing_not_even_a_table(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/amber.db")

    def fail_half_way() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (x INTEGER)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert _value(engine, "SELECT count(*) FROM sqlite_master") == 0
    engine.dispose()


@pytest.mark.parametrize("where", ["memory", "file"])
def test_threads_that_read_then_write_lose_no_update(where: str, tmp_path: Path) -> None:
    engine = make_engine("sqlite://" if where == "memory" else f"sqlite:///{tmp_path}/amber.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))

    def add_one(_: int) -> None:
        with engine.begin() as connection:
            x = connection.execute(text("SELECT x FROM t")).scalar_one()
            connection.execute(text("UPDATE t SET x = :x"), {"x": x + 1})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one, range(40)))
    assert _value(engine, "SELECT x FROM t") == 40
    engine.dispose()


def test_two_databases_in_memory_are_two() -> None:
    one, two = make_engine("sqlite://"), make_engine("sqlite:///:memory:")
    with one.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    assert _value(two, "SELECT count(*) FROM sqlite_master") == 0
    assert sqlite_file(one) is None
    one.dispose()
    two.dispose()


@pytest.mark.parametrize(
    "url", ["", "amber.db", "mysql://host/db", "oracle://x", "postgresql://", "sqlite+aiosqlite://", "://", "postgres"]
)
def test_an_unusable_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match=r"sqlite:///path/to/amber\.db"):
        make_engine(url)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "amber.db", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            make_engine(f"sqlite:///{path}")


def test_postgresql_is_spoken_by_one_driver_whatever_the_url_says() -> None:
    for url in ("postgres://u:p@host/db", "postgresql://u:p@host/db", "postgresql+psycopg://u:p@host/db"):
        engine = make_engine(url)
        assert engine.url.drivername == "postgresql+psycopg"
        assert sqlite_file(engine) is None


def test_a_real_postgresql_answers_and_reads_what_is_committed(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    assert _value(engine, "SHOW transaction_isolation") == "read committed"
    assert _value(engine, "SHOW application_name") == "amber"
    engine.dispose()


def test_importing_amber_loads_no_database() -> None:
    look = "import sys, amber; print([m for m in ('sqlalchemy', 'alembic', 'psycopg') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_another_engine_on_a_file_in_use_lets_go_of_no_lock(tmp_path: Path) -> None:
    """Whoever closes a file lets go of its process's locks on it; then the next to leave takes the log away."""
    file = tmp_path / "amber.db"
    engine = make_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER)"))
    make_engine(f"sqlite:///{file}")
    visit = f"import sqlite3; one = sqlite3.connect({str(file)!r}); one.execute('SELECT * FROM notes'); one.close()"
    subprocess.run([sys.executable, "-c", visit], check=True)
    assert file.with_name("amber.db-wal").exists(), "this process still has it open"
    engine.dispose()
