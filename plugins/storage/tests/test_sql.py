"""What the SQL store promises beyond the contract: its tables, its failures, its indexes, its plugin."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Engine, NullPool, create_engine, select, text, tuple_
from sqlalchemy.dialects import sqlite

from amber import Context
from amber.errors import Reject, Unavailable
from amber.model import Batch, IssueQuery, OutcomeCount
from amber.testing.audit import discrepancies
from amber.testing.contexts import make_context, make_services
from amber.testing.databases import open_database
from amber.testing.postgres import PostgresServer
from amber.testing.stores import NOON, event, new_project
from amber_storage import sql
from amber_storage.sql import schema
from amber_storage.sql.audit import ORDER as AUDIT_ORDER
from amber_storage.sql.cursors import page_of
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import EVENT_ORDER, SqlEventStore, events_of
from amber_storage.sql.issues import SqlIssueStore
from amber_storage.sql.marks import KEPT, claim_marks
from amber_storage.sql.neighbours import PLACE, places_of
from amber_storage.sql.searching import matching_issues, order_of
from amber_storage.sql.short_ids import ALPHABET, short_id
from amber_storage.sql.targets import ORDER as ATTEMPT_ORDER
from amber_storage.sql.transactions import Transactions

WORKER = """
import sys
from amber.model import Batch
from amber.testing.databases import open_database
from amber.testing.stores import NOON, event
from amber_storage.sql.events import EVENT_ORDER, SqlEventStore, events_of
from amber_storage.sql.issues import SqlIssueStore
engine = open_database(sys.argv[1])
issues, events = SqlIssueStore(engine), SqlEventStore(engine)
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, 100, 10):
    made = tuple(event(1, f"key {n % 3}", NOON + n, f"{n:032x}") for n in range(start, start + 20))
    issues.apply(Batch(events=made))
    events.write_events(made)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_migrations_make_the_tables_of_the_schema(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(f"{kind}_engine")
    with engine.connect() as connection:
        settings = {"version_table": "alembic_version_sql", "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=settings), schema.metadata) == []
        names = set(connection.dialect.get_table_names(connection)) - {"alembic_version_sql"}
        assert names == set(schema.metadata.tables)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_work_on_one_database_count_exactly(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(f"{kind}_engine")
    project = new_project(SqlDirectory(engine)).id
    url = engine.url.render_as_string(hide_password=False)
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    listed = SqlIssueStore(engine).list_issues(IssueQuery((project,))).items
    assert sorted(issue.count for issue in listed) == [36, 37, 37]
    keys = [f"key {number}" for number in range(3)]
    assert len(SqlEventStore(engine).list_events(project, keys, limit=500).items) == 110


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_database_that_stays_locked_is_unavailable_until_it_is_free(sqlite_engine: Engine, tmp_path: Path) -> None:
    store = SqlIssueStore(sqlite_engine)
    with sqlite_engine.connect() as connection:  # the one connection the pool has, which the store will get
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(tmp_path / "amber.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            store.apply(Batch(marks=(("s", 1),)))
    assert store.applied([("s", 1)]) == frozenset()
    store.apply(Batch(marks=(("s", 1),)))
    assert store.applied([("s", 1)]) == {("s", 1)}


def test_a_server_that_is_gone_is_unavailable_and_found_again(
    postgres_engine: Engine, postgres: PostgresServer
) -> None:
    store, name = SqlIssueStore(postgres_engine), postgres_engine.url.database
    store.apply(Batch(marks=(("s", 1),)))
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _end_connections(postgres, postgres_engine)
    with pytest.raises(Unavailable):
        store.applied([("s", 1)])
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert store.applied([("s", 1)]) == {("s", 1)}


def test_a_connection_lost_in_mid_transaction_is_unavailable(postgres_engine: Engine, postgres: PostgresServer) -> None:
    def lose_it() -> None:
        with Transactions(postgres_engine).writing() as connection:
            claim_marks(connection, [("s", 1)])
            _end_connections(postgres, postgres_engine)
            claim_marks(connection, [("s", 2)])

    with pytest.raises(Unavailable):
        lose_it()
    assert SqlIssueStore(postgres_engine).applied([("s", 1)]) == frozenset()


def _end_connections(postgres: PostgresServer, engine: Engine) -> None:
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{engine.url.database}'")


def test_a_number_too_large_to_count_is_rejected_and_nothing_changes(engine: Engine) -> None:
    store = SqlIssueStore(engine)
    huge = OutcomeCount(1, "error", "client_discard", "", 2**70, 5)
    with pytest.raises(Reject, match="cannot hold"):
        store.apply(Batch(marks=(("s", 1),), outcomes=(huge,)))
    assert store.applied([("s", 1)]) == frozenset()


def test_a_nul_in_a_title_is_rejected_where_it_cannot_be_held(postgres_engine: Engine) -> None:
    project = new_project(SqlDirectory(postgres_engine)).id
    with pytest.raises(Reject, match="NUL"):
        SqlIssueStore(postgres_engine).apply(Batch(events=(event(project, "a\x00b"),)))


def test_old_marks_are_forgotten_stream_by_stream(engine: Engine) -> None:
    store, far = SqlIssueStore(engine), KEPT + 10
    store.apply(Batch(marks=(("s", 1), ("s", 20), ("other", 1))))
    store.apply(Batch(marks=(("s", far),)))
    assert store.applied([("s", 1), ("s", 20), ("s", far), ("other", 1)]) == {("s", 20), ("s", far), ("other", 1)}


# --- indexes ----------------------------------------------------------------------------------------------------------


def _plan(engine: Engine, statement: object) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    with engine.connect() as connection:
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {str(compiled).replace(':', chr(92) + ':')}"))
        return "\n".join(row[-1] for row in rows)


@pytest.mark.parametrize("sort", ["last_seen", "first_seen"])
def test_a_page_of_issues_is_read_from_its_index(memory_engine: Engine, sort: str) -> None:
    order = order_of(sort)
    query = IssueQuery((1,), status="resolved", release="1.0", environment="prod", text="x")
    first = _plan(memory_engine, page_of(matching_issues(query), order, "", 50))
    assert f"ix_issues_project_{sort}_id" in first
    assert "TEMP B-TREE" not in first
    assert "SCAN" not in first


def test_a_page_of_events_is_read_from_its_index(memory_engine: Engine) -> None:
    plan = _plan(memory_engine, page_of(events_of([1]), EVENT_ORDER, "", 50))
    assert "ix_events_grouping_received_at_number" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("is_newest", [True, False])
def test_a_neighbour_is_the_first_row_of_its_index(memory_engine: Engine, is_newest: bool) -> None:
    place = tuple_(*PLACE)
    condition = place < tuple_(NOON, 5) if is_newest else place > tuple_(NOON, 5)
    order = [column.desc() for column in PLACE] if is_newest else PLACE
    plan = _plan(memory_engine, places_of(1).where(condition).order_by(*order).limit(1))
    assert "ix_events_grouping_received_at_number" in plan
    assert "TEMP B-TREE" not in plan
    assert f"received_at{'<' if is_newest else '>'}?" in plan


def test_the_log_of_a_subject_is_read_from_its_index(memory_engine: Engine) -> None:
    mine = select(schema.audit_log).filter_by(organisation=1, subject="user:3")
    plan = _plan(memory_engine, page_of(mine, AUDIT_ORDER, "", 50))
    assert "ix_audit_log_organisation_subject_id" in plan
    assert "TEMP B-TREE" not in plan


def test_a_delivery_log_is_read_from_its_index(memory_engine: Engine) -> None:
    mine = select(schema.attempts).filter_by(target=1)
    plan = _plan(memory_engine, page_of(mine, ATTEMPT_ORDER, "", 50))
    assert "ix_attempts_target_id" in plan
    assert "TEMP B-TREE" not in plan


def test_issues_of_several_projects_are_found_by_their_index(memory_engine: Engine) -> None:
    plan = _plan(memory_engine, page_of(matching_issues(IssueQuery((1, 2))), order_of("last_seen"), "", 50))
    assert "SEARCH issues USING INDEX ix_issues_project" in plan


def test_bodies_are_kept_compressed(engine: Engine) -> None:
    SqlEventStore(engine).write_events([event(1, "key", extra={"text": "the same again " * 2000})])
    with engine.connect() as connection:
        (body,) = connection.execute(select(schema.events.c.body)).scalars()
    assert len(body) < 1000


# --- short ids --------------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 10**12), min_size=2))
def test_no_two_numbers_share_a_short_id(numbers: set[int]) -> None:
    made = {short_id("web-shop", number) for number in numbers}
    assert len(made) == len(numbers)
    assert all(set(each.removeprefix("WEB-SHOP-")) <= set(ALPHABET) for each in made)


# --- the plugin -------------------------------------------------------------------------------------------------------


def _context(engine: Engine, data: Path) -> Context[None]:
    return make_context(sql, None, make_services(data, engine))


def test_the_plugin_holds_three_roles_on_the_database_it_is_given(engine: Engine, tmp_path: Path) -> None:
    context = _context(engine, tmp_path)
    project = new_project(sql.directory(context)).id
    made = event(project, "key", NOON)
    sql.issue_store(context).apply(Batch(events=(made,)))
    sql.event_store(context).write_events([made])
    assert sql.event_store(context).get_event(project, made.event.id) is not None
    assert sql.plugin_health(context) is None


def test_the_plugin_says_what_keeps_it_from_working(postgres: PostgresServer, tmp_path: Path) -> None:
    engine = open_database(postgres.url("never_made"))
    assert "never_made" in (sql.plugin_health(_context(engine, tmp_path)) or "")
    engine.dispose()


def test_a_database_that_may_only_be_read_is_an_outage(postgres_engine: Engine) -> None:
    read_only = create_engine(
        postgres_engine.url, connect_args={"options": "-c default_transaction_read_only=on"}, poolclass=NullPool
    )
    with pytest.raises(Unavailable, match="may only be read"):
        SqlEventStore(read_only).write_events([event(1, "key")])


def test_an_event_kept_by_a_worker_that_died_is_counted_as_it_is_kept(sqlite_engine: Engine) -> None:
    issues, events = SqlIssueStore(sqlite_engine), SqlEventStore(sqlite_engine)
    project = new_project(SqlDirectory(sqlite_engine)).id
    events.write_events([event(project, "first key", id="a" * 32)])
    again = event(project, "second key", id="a" * 32)
    assert events.write_events([again]) == {(project, "a" * 32)}
    kept = events.get_event(project, "a" * 32)
    assert kept is not None
    counted = structs.replace(again, grouping=structs.replace(again.grouping, key=kept.key))
    assert issues.apply(Batch(events=(counted,))).stored == 1
    assert discrepancies(sqlite_engine) == []


def test_an_event_sent_twice_in_a_batch_with_two_keys_leaves_no_grouping_behind(engine: Engine) -> None:
    project = new_project(SqlDirectory(engine)).id
    twins = tuple(event(project, key, id="a" * 32) for key in ("first", "second"))
    assert SqlEventStore(engine).write_events(twins) == frozenset()
    assert SqlIssueStore(engine).apply(Batch(events=twins)).repeated == 1
    assert discrepancies(engine) == []
    assert [one.key for one in SqlEventStore(engine).oldest_events(project, NOON + 1).items] == ["first"]
