"""Migrations: each plugin by its own history, whole or not at all, one process at a time."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from amber.errors import ConfigError, Unavailable
from amber.tables.database import make_engine
from amber.tables.migrate import migration_lock, upgrade

EVERY = ("*",)
REVISION = '''
"""A revision of a test."""
from alembic import op
revision, down_revision = {revision!r}, {down_revision!r}
def upgrade():
    {body}
'''
START_TOGETHER = """
import sys
from pathlib import Path
from amber.tables.database import make_engine
from amber.tables.migrate import upgrade
print("ready", flush=True)
sys.stdin.readline()
upgrade(make_engine(sys.argv[1]), "shop", Path(sys.argv[2]), ["*"])
"""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    urls = {"memory": "sqlite://", "sqlite": f"sqlite:///{tmp_path}/amber.db"}
    made = make_engine(urls.get(request.param) or request.getfixturevalue("postgres_url"))
    yield made
    made.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plugin's migrations, in a folder whose name is a trap for configuration files."""
    folder = tmp_path / "plugin %(here)s:x y" / "migrations"
    (folder / "versions").mkdir(parents=True)
    return folder


def _add(folder: Path, revision: str, body: str, after: str | None = None) -> None:
    source = REVISION.format(revision=revision, down_revision=after, body=body)
    (folder / "versions" / f"{revision}.py").write_text(source)


def _tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_a_history_is_walked_to_its_end_and_once(engine: Engine, folder: Path) -> None:
    _add(folder, "0001", "op.execute('CREATE TABLE one (x INTEGER)')")
    _add(folder, "0002", "op.execute('CREATE TABLE two (x INTEGER)')", after="0001")
    for _ in range(2):
        upgrade(engine, "shop", folder, EVERY)
        assert _tables(engine) == {"one", "two", "alembic_version_shop"}
    _add(folder, "0003", "op.execute('CREATE TABLE three (x INTEGER)')", after="0002")
    upgrade(engine, "shop", folder, EVERY)
    assert "three" in _tables(engine)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("op.execute('INSERT INTO nowhere VALUES (1)')", "nowhere"),
        ("op.execute('INSERT INTO one VALUES (1, 2, 3)')", "column"),
        ("raise KeyError('forgotten')", "forgotten"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_a_migration_that_fails_says_whose_it_is_and_why_and_leaves_nothing(
    engine: Engine, folder: Path, body: str, said: str
) -> None:
    _add(folder, "0001", "op.execute('CREATE TABLE one (x INTEGER)')")
    _add(folder, "0002", body, after="0001")
    with pytest.raises(ConfigError, match=f"^the tables of plugin shop cannot be brought up to date: .*{said}.*$"):
        upgrade(engine, "shop", folder, EVERY)
    assert _tables(engine) == set()


def test_owners_have_histories_of_their_own(engine: Engine, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "versions").mkdir(parents=True)
    _add(folder, "0001", "op.execute('CREATE TABLE one (x INTEGER)')")
    _add(other, "0001", "op.execute('CREATE TABLE two (x INTEGER)')")
    upgrade(engine, "shop", folder, EVERY)
    upgrade(engine, "post_office", other, EVERY)
    assert _tables(engine) == {"one", "two", "alembic_version_shop", "alembic_version_post_office"}


def test_a_migration_that_fails_leaves_nothing_behind(engine: Engine, folder: Path) -> None:
    _add(folder, "0001", "op.execute('CREATE TABLE one (x INTEGER)')")
    _add(folder, "0002", "op.execute('CREATE TABLE two (x INTEGER)'); raise ZeroDivisionError", after="0001")
    with pytest.raises(ConfigError, match="plugin shop cannot be brought up to date: ZeroDivisionError"):
        upgrade(engine, "shop", folder, EVERY)
    assert _tables(engine) == set()
    (folder / "versions" / "0002.py").unlink()
    upgrade(engine, "shop", folder, EVERY)
    assert "one" in _tables(engine)


def test_a_database_newer_than_the_plugin_is_refused(engine: Engine, folder: Path) -> None:
    _add(folder, "0001", "pass")
    _add(folder, "0002", "pass", after="0001")
    upgrade(engine, "shop", folder, EVERY)
    (folder / "versions" / "0002.py").unlink()
    with pytest.raises(ConfigError, match=r"plugin shop.*0002"):
        upgrade(engine, "shop", folder, EVERY)


@pytest.mark.parametrize("owner", ["", "Shop", "a b", 'x"; DROP TABLE y', "a" * 50, "a-b"])
def test_an_owner_that_cannot_name_a_table_is_refused(owner: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match="its name must match"):
        upgrade(make_engine("sqlite://"), owner, folder, EVERY)


def test_a_database_that_is_away_is_unavailable(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        upgrade(make_engine(f"postgresql+psycopg://u@/db?host={tmp_path}"), "shop", folder, EVERY)
    file = tmp_path / "amber.db"
    engine = make_engine(f"sqlite:///{file}")
    file.unlink()
    file.mkdir()
    with pytest.raises(Unavailable):
        upgrade(engine, "shop", folder, EVERY)
    engine.dispose()


def test_the_app_s_logging_is_left_alone(folder: Path) -> None:
    _add(folder, "0001", "pass")
    before = logging.getLogger().handlers[:], logging.getLogger("alembic").level, logging.getLogger("amber").disabled
    upgrade(make_engine("sqlite://"), "shop", folder, EVERY)
    after = logging.getLogger().handlers[:], logging.getLogger("alembic").level, logging.getLogger("amber").disabled
    assert after == before


def test_the_lock_lets_one_in_at_a_time(engine: Engine, folder: Path) -> None:
    if engine.pool.size() == 1:  # type: ignore[attr-defined] # memory: one process, nothing to lock
        with migration_lock(engine), migration_lock(engine):
            return
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        with migration_lock(engine):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(enter, range(40)))
    assert most == [1] * 40


def test_a_migration_runs_under_the_lock(folder: Path, tmp_path: Path, postgres_url: str) -> None:
    count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    _add(folder, "0001", f'assert op.get_bind().exec_driver_sql("{count}").scalar() == 1')
    server = make_engine(postgres_url)
    upgrade(server, "shop", folder, EVERY)
    server.dispose()
    enter = "sqlite3.connect({!r}, timeout=0).execute('BEGIN EXCLUSIVE')".format(str(tmp_path / "amber.db.lock"))
    _add(folder, "0001", f"import sqlite3; {enter}")
    engine = make_engine(f"sqlite:///{tmp_path}/amber.db")
    with pytest.raises(ConfigError, match="OperationalError: database is locked"):
        upgrade(engine, "shop", folder, EVERY)
    engine.dispose()


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_processes_that_start_at_once_migrate_once(
    where: str, request: pytest.FixtureRequest, folder: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/amber.db" if where == "sqlite" else request.getfixturevalue("postgres_url")
    _add(folder, "0001", "op.execute('CREATE TABLE one (x INTEGER)'); op.execute('INSERT INTO one VALUES (1)')")
    command = [sys.executable, "-c", START_TOGETHER, url, str(folder)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate() for process in started]
    assert [(process.returncode, error) for process, (_, error) in zip(started, answers, strict=True)] == [(0, "")] * 4
    engine = make_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM one")).scalar() == 1
    engine.dispose()


PLAIN = """
revision = "0001"
down_revision = None
def upgrade():
    pass
"""
LOOK = """
import sys
from pathlib import Path
from amber.tables.database import make_engine
from amber.tables.migrate import upgrade
upgrade(make_engine(sys.argv[1]), "shop", Path(sys.argv[2]), ["*"])
print("alembic" in sys.modules)
"""


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_a_start_with_nothing_to_do_loads_no_alembic_and_waits_for_nobody(
    where: str, request: pytest.FixtureRequest, folder: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/amber.db" if where == "sqlite" else request.getfixturevalue("postgres_url")
    (folder / "versions" / "0001.py").write_text(PLAIN)
    engine = make_engine(url)
    upgrade(engine, "shop", folder, EVERY)
    with migration_lock(engine):
        done = subprocess.run(
            [sys.executable, "-c", LOOK, url, str(folder)], capture_output=True, text=True, timeout=60
        )
    engine.dispose()
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize(
    "body",
    [
        "op.execute('CREATE TABLE theirs (x INTEGER)')",
        "op.execute('ALTER TABLE issues ADD COLUMN mine INTEGER')",
        "op.execute('CREATE INDEX mine ON issues (id)')",
        "op.rename_table('issues', 'shop_issues')",
        "op.execute('CREATE TABLE shop_new (x INTEGER)'); op.rename_table('shop_new', 'theirs')",
        "op.execute('DROP TABLE issues')",
        "op.execute('DELETE FROM issues')",
        "op.execute('UPDATE issues SET id = 2')",
    ],
)
def test_a_migration_that_touches_others_tables_is_refused_whole(engine: Engine, folder: Path, body: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE issues (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO issues VALUES (1)")
    _add(folder, "0001", "op.execute('CREATE TABLE shop_rows (x INTEGER)')")
    _add(folder, "0002", body, after="0001")
    with pytest.raises(ConfigError, match=r'plugin shop may not do this: the table \w+ .* rights.tables = \["\w+"\]'):
        upgrade(engine, "shop", folder, ("shop_*",))
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT * FROM issues").all() == [(1,)]
        connection.exec_driver_sql("CREATE INDEX another ON issues (id)")  # nobody is held to anything any more
    assert _tables(engine) == {"issues"}


def test_a_migration_does_with_its_own_tables_as_it_likes(engine: Engine, folder: Path) -> None:
    made = "sa.Column('id', sa.Integer, primary_key=True), sa.Column('x', sa.Text), sqlite_autoincrement=True"
    _add(folder, "0001", f"import sqlalchemy as sa; op.create_table('shop_rows', {made})")
    changes = """import sqlalchemy as sa
    op.execute("INSERT INTO shop_rows (x) VALUES ('a')")
    with op.batch_alter_table('shop_rows', recreate='always') as batch:
        batch.add_column(sa.Column('y', sa.Integer))
        batch.create_unique_constraint('uq_shop_rows_y', ['y'])
    op.create_index('ix_shop_rows_x', 'shop_rows', ['x'])
    op.create_table('shop_parts', sa.Column('row', sa.Integer, sa.ForeignKey('shop_rows.id')))
    op.rename_table('shop_parts', 'shop_pieces')
    op.execute("UPDATE shop_rows SET y = id")"""
    _add(folder, "0002", changes, after="0001")
    _add(folder, "0003", "op.drop_table('shop_pieces'); op.drop_table('shop_rows')", after="0002")
    upgrade(engine, "shop", folder, ("shop_*",))
    assert _tables(engine) == {"alembic_version_shop"}


def test_what_one_plugin_has_just_migrated_is_held_against_no_other(engine: Engine, tmp_path: Path) -> None:
    """They come one after the other over the same connection, in the same second."""
    for name in ("shop", "till", "desk"):
        folder = tmp_path / name
        (folder / "versions").mkdir(parents=True)
        _add(folder, "0001", f"op.execute('CREATE TABLE {name}_rows (x INTEGER)')")
        _add(folder, "0002", f"op.execute('INSERT INTO {name}_rows VALUES (1)')", after="0001")
        upgrade(engine, name, folder, (f"{name}_*",))
    assert _tables(engine) >= {"shop_rows", "till_rows", "desk_rows"}
