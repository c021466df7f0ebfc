"""The border round a plugin's tables, on both databases."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError

from amber.errors import Denied
from amber.tables.database import make_engine
from amber.tables.fences import Databases, fenced
from amber.tables.migrate import migration_lock
from amber.tables.roles import drop_role, role_name, role_of
from amber.testing.postgres import PostgresServer

TABLES = ("shop_*",)
MADE = (
    "CREATE TABLE issues (id INTEGER PRIMARY KEY, title TEXT)",
    "INSERT INTO issues VALUES (1, 'secret')",
    "CREATE TABLE shop_rows (id INTEGER PRIMARY KEY, title TEXT)",
    "CREATE TABLE shop_parts (id INTEGER PRIMARY KEY, row INTEGER REFERENCES shop_rows (id) ON DELETE CASCADE)",
)
Refusals = list[tuple[str, str, str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Amber's own engine, and tables of two owners."""
    is_sqlite = request.param == "sqlite"
    made = make_engine(f"sqlite:///{tmp_path}/amber.db" if is_sqlite else request.getfixturevalue("postgres_url"))
    with made.begin() as connection:
        for statement in MADE:
            connection.exec_driver_sql(statement)
    yield made
    made.dispose()


@pytest.fixture
def refusals() -> Refusals:
    return []


@pytest.fixture
def shop(engine: Engine, refusals: Refusals) -> Iterator[Engine]:
    """What a plugin with the right to `shop_*` is handed."""
    made = fenced(engine, "shop", TABLES, lambda *told: refusals.append(told))
    yield made
    made.dispose()


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_plugin_does_with_its_own_tables_as_it_likes(shop: Engine, refusals: Refusals) -> None:
    run(
        shop,
        "INSERT INTO shop_rows VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO shop_parts VALUES (1, 1), (2, 2)",
        "UPDATE shop_rows SET title = upper(title)",
        "DELETE FROM shop_rows WHERE id = 1",
        "SAVEPOINT here",
        "INSERT INTO shop_rows VALUES (3, 'c')",
        "ROLLBACK TO SAVEPOINT here",
    )
    with shop.execution_options(read_only=True).connect() as connection:
        together = (
            "WITH a AS (SELECT id FROM shop_rows) SELECT count(*), max(p.id) FROM a JOIN shop_parts p ON p.row = a.id"
        )
        assert connection.exec_driver_sql(together).one() == (1, 2)
        assert {"shop_rows", "shop_parts"} <= set(inspect(connection).get_table_names())
        known = Table("shop_parts", MetaData(), autoload_with=connection)
        assert [column.name for column in known.columns] == ["id", "row"]
    assert refusals == []


def test_numbers_are_given_to_new_rows(engine: Engine, shop: Engine) -> None:
    table = Table("shop_numbered", MetaData(), Column("id", Integer, primary_key=True), sqlite_autoincrement=True)
    table.create(engine)
    with shop.begin() as connection:
        assert [connection.execute(insert(table)).inserted_primary_key for _ in range(2)] == [(1,), (2,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT title FROM issues",
        "SELECT count(*) FROM issues",
        "SELECT 1 FROM shop_rows WHERE EXISTS (SELECT 1 FROM issues)",
        "INSERT INTO shop_rows SELECT id, title FROM issues",
        "INSERT INTO issues VALUES (2, 'b')",
        "UPDATE issues SET title = 'mine'",
        "DELETE FROM issues",
        "DROP TABLE issues",
        "ALTER TABLE issues ADD COLUMN mine INTEGER",
    ],
)
def test_a_table_of_somebody_else_is_refused_named_and_counted(
    engine: Engine, shop: Engine, refusals: Refusals, statement: str
) -> None:
    with pytest.raises(Denied) as raised:
        run(shop, statement)
    assert (
        'plugin shop may not do this: the table issues is not its own; its plugin.toml lacks rights.tables = ["issues"]'
        in str(raised.value)
    )
    assert refusals == [("shop", "tables", str(raised.value))]
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT * FROM issues").all() == [(1, "secret")]
    run(shop, "INSERT INTO shop_rows VALUES (9, 'the next transaction is as good as any')")


def test_the_shape_of_its_tables_is_its_migrations_to_change(shop: Engine, refusals: Refusals) -> None:
    with pytest.raises(Denied, match="the shape of shop_rows is changed by the plugin's migrations alone"):
        run(shop, "DROP TABLE shop_rows")
    assert len(refusals) == 1


def test_neither_a_bare_connection_nor_autocommit_goes_round_the_border(shop: Engine) -> None:
    with (
        pytest.raises(Denied, match="issues"),
        shop.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        connection.exec_driver_sql("DELETE FROM issues")
    bare = shop.raw_connection()
    with pytest.raises(Exception, match=r"prohibited|permission denied"):
        bare.cursor().execute("SELECT title FROM issues")
    bare.close()


def test_many_threads_and_engines_meet_the_same_border(engine: Engine) -> None:
    told: Refusals = []
    databases = Databases(engine, lambda *one: told.append(one))
    shop, issues = databases.of("shop", TABLES), databases.of("issues", ("issues",))
    assert databases.of("shop", TABLES) is shop
    assert databases.of("storage", ("*",)) is databases.engine, "whoever may everything pays for no border"
    held = [shop.connect() for _ in range(3)]
    for connection in held:
        with pytest.raises(Denied):
            connection.exec_driver_sql("SELECT * FROM issues")
        connection.close()
    with pytest.raises(Denied, match="plugin issues"):
        run(issues, "SELECT * FROM shop_rows")
    run(issues, "UPDATE issues SET title = 'mine'")
    run(databases.engine, "DELETE FROM issues", "DELETE FROM shop_rows")
    assert [one[0] for one in told] == ["shop"] * 3 + ["issues"]
    databases.close_all()


def test_the_hands_of_a_plugin_that_is_switched_off_are_empty(engine: Engine) -> None:
    databases = Databases(engine, lambda *_: None)
    shop = databases.of("shop", TABLES)
    run(shop, "SELECT * FROM shop_rows")
    databases.close("shop")
    databases.close("nobody")
    assert shop.pool.checkedin() == 0
    assert databases.of("shop", TABLES) is not shop
    databases.close_all()


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{0}/other.db' AS other",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO '{0}/copy.db'",
    ],
)
def test_sqlite_opens_no_other_file_and_keeps_its_settings(tmp_path: Path, statement: str) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/amber.db")
    shop = fenced(engine, "shop", TABLES, lambda *_: None)
    with shop.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ROLLBACK")
        with pytest.raises(Denied, match="for no plugin that keeps to tables of its own"):
            connection.exec_driver_sql(statement.format(tmp_path))
    assert not list(tmp_path.glob("co*"))
    shop.dispose()
    engine.dispose()


def test_in_memory_there_is_one_connection_for_all() -> None:
    engine = make_engine("sqlite://")
    assert fenced(engine, "shop", TABLES, lambda *_: None) is engine


# --- PostgreSQL's roles


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    run(engine, *MADE)
    yield engine
    engine.dispose()


def test_reset_role_comes_back_to_the_plugins_own(postgres_engine: Engine) -> None:
    shop = fenced(postgres_engine, "shop", TABLES, lambda *_: None)
    for way in ("RESET ROLE", "RESET ALL", "DISCARD TEMP; RESET ROLE"):
        with pytest.raises(Denied, match="issues"):
            run(shop, way, "SELECT * FROM issues")
    shop.dispose()


def test_rights_that_a_newer_plugin_no_longer_asks_for_are_taken_back(postgres_engine: Engine) -> None:
    wide = fenced(postgres_engine, "shop", ("shop_*", "issues"), lambda *_: None)
    run(wide, "SELECT * FROM issues")
    wide.dispose()
    narrow = fenced(postgres_engine, "shop", TABLES, lambda *_: None)
    with pytest.raises(Denied):
        run(narrow, "SELECT * FROM issues")
    narrow.dispose()


def test_rights_are_given_beside_no_migration_and_what_is_settled_waits_for_none(postgres_engine: Engine) -> None:
    assert role_of(postgres_engine, "shop", TABLES)
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()")

    def is_waiting() -> bool:
        with postgres_engine.connect() as connection:
            return bool(connection.execute(waits).scalar_one())

    with ThreadPoolExecutor(1) as thread:
        with migration_lock(postgres_engine):
            assert role_of(postgres_engine, "shop", TABLES), "nothing to change, nobody to wait for"
            given = thread.submit(role_of, postgres_engine, "till", ("till_*",))
            while not is_waiting():
                assert not given.done()
        assert given.result()
    drop_role(postgres_engine, "till")


def test_a_role_is_forgotten_with_its_plugin(postgres_engine: Engine) -> None:
    role = role_of(postgres_engine, "shop", TABLES)
    assert role == role_name(str(postgres_engine.url.database), "shop")
    for _ in range(2):
        drop_role(postgres_engine, "shop")
    with postgres_engine.connect() as connection:
        assert connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first() is None


@pytest.mark.parametrize("may_make_roles", [True, False])
def test_a_user_of_few_rights_holds_the_border_if_it_may_make_roles(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture, may_make_roles: bool
) -> None:
    database = postgres.create()
    user = f"user_{database}"[:60]
    postgres.run(f"CREATE ROLE {user} LOGIN {'CREATEROLE' if may_make_roles else ''}")
    postgres.run(f"ALTER DATABASE {database} OWNER TO {user}")
    engine = make_engine(make_url(postgres.url(database)).set(username=user))
    run(engine, *MADE)
    shop = fenced(engine, "shop", TABLES, lambda *_: None)
    run(shop, "INSERT INTO shop_rows VALUES (1, 'a')")
    if may_make_roles:
        with pytest.raises(Denied, match="issues"):
            run(shop, "SELECT * FROM issues")
    else:
        run(shop, "SELECT * FROM issues")
        [(_, level, words)] = caplog.record_tuples
        assert level == logging.WARNING
        assert re.search(r'plugin shop is not held.*CREATE ROLE "amber_shop_\w+" NOLOGIN; GRANT', words, re.DOTALL)
    shop.dispose()
    engine.dispose()
    postgres.drop(database)


def test_what_has_nothing_to_do_with_rights_stays_what_it_was(shop: Engine, refusals: Refusals) -> None:
    with pytest.raises(DBAPIError, match="shop_none"):
        run(shop, "SELECT * FROM shop_none")
    with pytest.raises(DBAPIError, match=r"(?i)unique|duplicate"):
        run(shop, "INSERT INTO shop_rows VALUES (1, 'a')", "INSERT INTO shop_rows VALUES (1, 'a')")
    with shop.connect() as connection:
        assert connection.execute(select(1)).scalar_one() == 1
    assert refusals == []
