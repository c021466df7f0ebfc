"""What goes, what stays, and that nothing lies about it, on each database."""

import asyncio
import json
import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs
from sqlalchemy import Engine, text

from amber import Context
from amber.errors import ConfigError, Unavailable
from amber.model import Batch, Claim, GroupedEvent, Issue, IssueChange, IssueQuery, OutcomeCount, Project
from amber.testing.audit import discrepancies
from amber.testing.contexts import make_context, make_services
from amber.testing.contract.event_store import attachment, feedback
from amber.testing.stores import NOON, audit, event, new_project
from amber_storage import retention
from amber_storage.files.blobs import FileBlobStore
from amber_storage.retention.commands import retention as command
from amber_storage.retention.config import Config, Limits, limits_of
from amber_storage.retention.pace import FEWEST, LONGEST, MOST, Pace
from amber_storage.retention.running import JOB, prune_all, steps
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

DAY = 24 * 3600.0
NOW = NOON + 1000 * DAY


class House:
    """The stores on one database, a clock that stands still, and the plugin's context."""

    def __init__(self, engine: Engine, data: Path, config: Config) -> None:
        self.engine, self.at = engine, NOW
        self.events, self.issues, self.directory = SqlEventStore(engine), SqlIssueStore(engine), SqlDirectory(engine)
        self.blobs = FileBlobStore(data / "blobs")
        services = self.services = make_services(data, engine)
        self.metrics = services.kernel["metrics"]
        self.ctx: Context[Config] = make_context(
            retention,
            config,
            services,
            event_store=self.events,
            issue_store=self.issues,
            directory=self.directory,
            blob_store=self.blobs,
        )
        self._numbers = count()

    def project(self, slug: str = "", **settings: Any) -> Project:
        """A project with these settings."""
        made = new_project(self.directory, slug)
        return self.directory.change_project(made.id, {"settings": settings}, audit())

    def receive(self, project: Project, key: str, days_ago: float, how_many: int = 1) -> list[GroupedEvent]:
        """Events that were received and counted so many days ago, each a moment later than the one before."""
        at = self.at - days_ago * DAY
        made = [event(project.id, key, at + next(self._numbers) / 1e3) for _ in range(how_many)]
        self.take(made)
        return made

    def take(self, events: list[GroupedEvent]) -> None:
        """Store and count these events as a worker does."""
        self.events.write_events(events)
        for project, id in self.issues.apply(Batch(events=tuple(events))).gone:
            self.events.delete_events(project, [id])

    def round(self, size: int = 7) -> None:
        """A whole round, few events at a time."""
        for _ in steps(self.ctx, Pace(size, rest=0.0)):
            pass

    def kept(self, project: Project, *keys: str) -> list[str]:
        """The ids of the events with these keys that are there, newest first."""
        return [line.event_id for line in self.events.list_events(project.id, keys, limit=500).items]

    def listed(self, project: Project) -> dict[str, Issue]:
        """The project's issues by their keys."""
        found = self.issues.list_issues(IssueQuery((project.id,), limit=500)).items
        return {key: issue for issue in found for key in self.issues.issue_keys(issue.id)}


@pytest.fixture
def config() -> Config:
    return Config(days=90, events=0)


@pytest.fixture
def house(engine: Engine, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(engine, tmp_path, config)
    monkeypatch.setattr(made.ctx, "now", lambda: made.at)
    return made


def ids_of(events: list[GroupedEvent]) -> list[str]:
    """The ids of these events, newest first."""
    return [one.event.id for one in events[::-1]]


# --- by age -----------------------------------------------------------------------------------------------------------


def test_events_past_their_days_go_and_younger_ones_stay(house: House) -> None:
    shop = house.project()
    house.receive(shop, "key", 91, 20)
    young = house.receive(shop, "key", 89, 3)
    house.round()
    assert house.kept(shop, "key") == ids_of(young)
    issue = house.listed(shop)["key"]
    assert (issue.count, issue.pruned, issue.kept) == (23, 20, 3)
    assert discrepancies(house.engine) == []


def test_an_issue_ends_when_all_its_events_are_past_their_days(house: House) -> None:
    shop = house.project()
    for key in ("old", "somebody's", "ignored", "resolved"):
        house.receive(shop, key, 100, 9)
    house.receive(shop, "alive", 1)
    known = house.listed(shop)
    house.issues.change_issues([known["somebody's"].id], IssueChange(assignee="user:1"), audit())
    house.issues.change_issues([known["ignored"].id], IssueChange(status="ignored"), audit())
    house.issues.change_issues([known["resolved"].id], IssueChange(status="resolved"), audit())
    house.round()
    house.round()
    left = house.listed(shop)
    assert {key: issue.kept for key, issue in left.items()} == {"somebody's": 1, "ignored": 1, "alive": 1}
    assert discrepancies(house.engine) == []


def test_what_belongs_to_an_old_event_goes_with_it(house: House) -> None:
    shop = house.project()
    old, young = house.receive(shop, "key", 91)[0], house.receive(shop, "key", 1)[0]
    late = structs.replace(attachment(1, shop.id, "f" * 32), received_at=NOW - 91 * DAY)
    files = [attachment(2, shop.id, old.event.id), attachment(3, shop.id, young.event.id)]
    files = [late, *(structs.replace(file, received_at=NOW) for file in files)]
    for file in files:
        house.blobs.put(file.blob, b"bytes")
    house.events.write_attachments(files)
    words = [structs.replace(feedback(number, shop.id), received_at=NOW - number * DAY) for number in (1, 100)]
    house.events.write_feedback(words)
    house.round()
    assert sorted(house.blobs.keys("")) == [files[2].blob]
    assert house.events.list_attachments(shop.id, old.event.id) == ()
    assert house.events.list_attachments(shop.id, young.event.id) == (files[2],)
    assert house.events.list_feedback(shop.id).items == (words[0],)


def test_counts_by_the_hour_are_kept_for_as_long_as_figures_are(house: House) -> None:
    shop = house.project(retention_days=0)
    house.receive(shop, "key", 91, 2)
    house.receive(shop, "key", 89, 3)
    hours = [int((NOW - days * DAY) // 3600) for days in (91, 89)]
    house.issues.apply(Batch(outcomes=tuple(OutcomeCount(shop.id, "error", "dead", "", 1, hour) for hour in hours)))
    house.round()
    issue = house.listed(shop)["key"]
    assert (issue.count, issue.kept) == (5, 5)
    assert sum(house.issues.histograms([issue.id], 0, hours[1] + 99, 9999)[issue.id]) == 3
    assert {told.hour for told in house.issues.outcomes(shop.id, 0, hours[1] + 1)} == {hours[1]}


# --- by number --------------------------------------------------------------------------------------------------------


def test_too_many_events_go_the_oldest_first_and_no_issue_is_left_without(house: House) -> None:
    shop = house.project(retention_events=30)
    quiet = [house.receive(shop, f"quiet {number}", 80 - number)[0] for number in range(5)]
    noisy = house.receive(shop, "noisy", 2, 60)
    house.round()
    assert house.kept(shop, "noisy") == ids_of(noisy[-25:])
    assert house.kept(shop, *(f"quiet {number}" for number in range(5))) == ids_of(quiet)
    assert house.listed(shop)["noisy"].count == 60
    assert discrepancies(house.engine) == []


def test_where_there_are_more_issues_than_events_may_be_the_oldest_issues_end(house: House) -> None:
    shop = house.project(retention_events=10)
    for number in range(25):
        house.receive(shop, f"key {number}", 50 - number, 2)
    house.round()
    assert set(house.listed(shop)) == {f"key {number}" for number in range(15, 25)}
    assert house.events.held(shop.id, NOW).events == 10
    assert discrepancies(house.engine) == []


def test_a_project_within_its_number_keeps_everything(house: House) -> None:
    shop = house.project(retention_events=30)
    house.receive(shop, "key", 2, 30)
    house.round()
    assert house.listed(shop)["key"].pruned == 0


def test_projects_are_kept_apart(house: House) -> None:
    small, large = house.project(retention_events=2), house.project()
    for project in (small, large):
        house.receive(project, "key", 2, 9)
    house.round()
    assert [house.listed(project)["key"].kept for project in (small, large)] == [2, 9]


@pytest.mark.parametrize("nonsense", [-1, "many", True, 1.5, None])
def test_a_setting_that_is_no_number_counts_as_not_set(house: House, nonsense: Any) -> None:
    shop = house.project(retention_days=nonsense, retention_events=nonsense)
    assert limits_of(shop, Config(days=7, events=8)) == Limits(7, 8)
    assert limits_of(house.project(retention_days=0, retention_events=5), Config()) == Limits(0, 5)


# --- once and for all -------------------------------------------------------------------------------------------------


def test_an_event_that_went_is_a_repeat_for_a_day_and_new_after_it(house: House) -> None:
    shop = house.project(retention_events=2)
    made = house.receive(shop, "key", 1, 5)
    house.round()
    house.take(made[:2])
    assert (house.listed(shop)["key"].count, house.kept(shop, "key")) == (5, ids_of(made[-2:]))
    house.at += DAY + 1
    house.round()
    house.take(made[:1])
    assert (house.listed(shop)["key"].count, len(house.kept(shop, "key"))) == (6, 3)
    assert discrepancies(house.engine) == []


def test_what_was_written_again_and_never_counted_goes_before_its_id_is_forgotten(house: House) -> None:
    shop = house.project(retention_events=2)
    made = house.receive(shop, "key", 1, 5)
    house.round()
    house.at += 60
    more = house.receive(shop, "key", 0, 2)
    house.round()  # what went now is deleted again by every round, what went before is not
    house.events.write_events(made[:1])  # by a worker that was killed before it heard that the event is gone
    house.at += DAY + 1
    house.round()
    assert house.kept(shop, "key") == ids_of(more)
    house.round()
    assert house.issues.last_let_go(shop.id) == ()
    assert discrepancies(house.engine) == []


def test_a_worker_about_to_count_an_event_that_is_being_forgotten_finds_that_it_is_gone(house: House) -> None:
    shop = house.project(retention_events=1)
    made = house.receive(shop, "key", 1, 3)
    house.round()
    house.at += DAY + 1
    house.events.write_events(made[:1])
    house.round()
    assert house.issues.apply(Batch(events=tuple(made[:1]))).gone == ((shop.id, made[0].event.id),)
    assert discrepancies(house.engine) == []


def test_an_id_is_not_forgotten_while_something_is_written_under_it(house: House) -> None:
    shop = house.project(retention_events=2)
    made = house.receive(shop, "key", 1, 5)
    house.round()
    house.events.write_events(made[:1])
    house.issues.forget_events(shop.id, [one.event.id for one in made[:3]])
    assert house.issues.last_let_go(shop.id) == (made[0].event.id,)
    house.take(made[:1])
    assert house.listed(shop)["key"].count == 5
    assert discrepancies(house.engine) == []


def test_ids_that_are_forgotten_leave_nothing_behind(house: House) -> None:
    shop = house.project()
    house.receive(shop, "key", 91, 20)
    house.round()
    house.at += DAY + 1
    house.round()
    tables = ("events", "event_ids", "counted_events", "gone_events", "groupings", "issues", "issue_keys")
    with house.engine.connect() as connection:
        left = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]
    assert left == [0] * len(tables)


def test_a_crash_between_counting_and_deleting_is_mended_by_the_next_round(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = house.project(retention_events=5)
    house.receive(shop, "key", 1, 20)
    with monkeypatch.context() as crash:
        crash.setattr(house.events, "delete_events", _unavailable)
        with pytest.raises(Unavailable):
            for _ in steps(house.ctx, Pace(7, rest=0.0)):
                pass  # the first step of a round deletes what the last one left, which is nothing
    house.round()
    assert house.listed(shop)["key"].kept == len(house.kept(shop, "key")) == 5
    assert discrepancies(house.engine) == []


def test_a_crash_is_mended_even_where_nothing_else_has_to_go(house: House) -> None:
    shop = house.project()
    made = house.receive(shop, "key", 1, 5)
    places = house.events.oldest_events(shop.id, NOW).items[:3]
    house.issues.let_go(shop.id, places, NOW, may_end_issues=False)  # and then its process was killed
    assert discrepancies(house.engine) != []
    house.round()
    assert house.kept(shop, "key") == ids_of(made[3:])
    assert discrepancies(house.engine) == []


def test_events_that_were_written_but_never_counted_go_once_they_are_old(house: House) -> None:
    shop = house.project(retention_events=1)
    strangers = [event(shop.id, "key", NOW - days * DAY) for days in (91, 0.5)]
    house.events.write_events(strangers)
    house.round()
    assert house.kept(shop, "key") == ids_of(strangers[1:])
    house.take(strangers)  # what was on its way is counted; what went is not
    assert (house.listed(shop)["key"].count, house.kept(shop, "key")) == (1, ids_of(strangers[1:]))
    assert discrepancies(house.engine) == []


def test_rounds_at_the_same_time_beside_writers_leave_no_discrepancy(house: House) -> None:
    shop = house.project(retention_events=15)
    first = [house.receive(shop, f"key {number % 7}", 100 - number * 10, 4) for number in range(10)]
    more = [[event(shop.id, f"key {number % 9}", NOW - number) for _ in range(3)] for number in range(12)]
    problems: list[BaseException] = []

    def work(job: Any) -> None:
        try:
            job()
        except BaseException as error:
            problems.append(error)

    jobs: list[Any] = [house.round, house.round, *(lambda batch=batch: house.take(batch) for batch in more + first)]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    house.round()
    assert discrepancies(house.engine) == []
    assert house.events.held(shop.id, NOW).events <= 15


def _unavailable(project: int, ids: Any) -> None:
    if ids:
        raise Unavailable("the database went away")


# --- space ------------------------------------------------------------------------------------------------------------


def test_an_sqlite_file_shrinks(sqlite_engine: Engine, tmp_path: Path) -> None:
    house = House(sqlite_engine, tmp_path, Config(days=90, events=100))
    house.at = house.ctx.now()
    shop = house.project()
    noise = [event(shop.id, "key", house.at - at / 1e3, extra={"n": str(at) * 4000}) for at in range(3000)]
    for batch in (noise[start : start + 300] for start in range(0, 3000, 300)):
        house.take([structs.replace(one, title=one.event.id * 60) for one in batch])
    file = tmp_path / "amber.db"
    before = file.stat().st_size
    house.round(size=500)
    with sqlite_engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    assert file.stat().st_size < before / 3
    assert discrepancies(sqlite_engine) == []


def test_a_file_that_cannot_shrink_is_left_as_it_is(memory_engine: Engine) -> None:
    with memory_engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA auto_vacuum = NONE")
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("BEGIN")
    store = SqlEventStore(memory_engine)
    made = [event(1, "key", extra={"n": str(at) * 4000}) for at in range(100)]
    store.write_events(made)
    store.delete_events(1, [one.event.id for one in made])
    assert not store.give_back(10)


# --- the pace ---------------------------------------------------------------------------------------------------------


def test_steps_grow_while_they_are_quick_and_shrink_when_they_are_slow() -> None:
    pace = Pace()
    for _ in range(50):
        pace.took(LONGEST / 10)
    assert pace.size == MOST
    for _ in range(50):
        pace.took(LONGEST * 2)
    assert pace.size == FEWEST
    size = pace.size
    pace.took(LONGEST * 0.75)
    assert pace.size == size


def test_the_database_rests_four_times_as_long_as_it_worked() -> None:
    assert Pace().took(0.05) == pytest.approx(0.2)
    assert Pace().took(0.0) > 0
    assert Pace(rest=0.0).took(1.0) == 0.0


# --- the plugin -------------------------------------------------------------------------------------------------------


def test_the_job_does_a_round_and_counts_it(house: House) -> None:
    shop = house.project("shop", retention_events=4)
    house.receive(shop, "key", 2, 9)
    house.receive(shop, "old", 100)
    job, _ = retention.scheduled_jobs(house.ctx)
    assert (f"retention.{job.name}", job.every) == (JOB, 600.0)
    asyncio.run(prune_all(house.ctx))
    assert house.listed(shop)["key"].kept == 4
    shown = house.metrics.render().decode()
    assert 'amber_pruned_events_total{project="shop"} 6.0' in shown
    assert 'amber_ended_issues_total{project="shop"} 1.0' in shown
    assert "amber_retention_seconds_total" in shown


def test_bodies_that_nothing_names_are_swept_now_and_then(house: House, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[float] = []

    class Parked:
        async def sweep(self, now: float) -> int:
            asked.append(now)
            return 3 if len(asked) == 1 else 0

    house.services.kernel["parked_bodies"] = Parked()
    _, job = retention.scheduled_jobs(house.ctx)
    with caplog.at_level("INFO"):
        asyncio.run(job.run())
        asyncio.run(job.run())
    assert (job.name, job.every, asked) == ("sweep_bodies", 6 * 3600.0, [NOW, NOW])
    assert [record.getMessage() for record in caplog.records] == ["removed 3 bodies that nothing names any more"]


def test_the_command_says_what_would_go_and_lets_it_go(house: House) -> None:
    shop = house.project("shop", retention_events=4)
    house.receive(shop, "old", 100)
    house.receive(shop, "key", 2, 9)
    house.project("still")
    run = CliRunner()
    before = json.loads(run.invoke(command, ["status", "--json"], obj=house.ctx).output)
    assert [(one["project"], one["events"], one["too_old"], one["too_many"]) for one in before] == [
        ("shop", 10, 1, 5),
        ("still", 0, 0, 0),
    ]
    shown = run.invoke(command, ["status"], obj=house.ctx).output
    assert "over them: 1 too old, 5 too many" in shown
    assert "still: 0 events since never (limits: 90 days, any number of events)" in shown
    assert len(house.kept(shop, "key", "old")) == 10
    done = run.invoke(command, ["run", "--fast"], obj=house.ctx)
    assert done.output == "shop: 6 events let go, 1 issues ended\n"
    assert run.invoke(command, ["run"], obj=house.ctx).output == "Nothing had to go.\n"


def test_the_command_keeps_out_of_a_workers_way(house: House) -> None:
    house.issues.claim_job(Claim(JOB, "worker", house.ctx.now(), 60, 600))
    done = CliRunner().invoke(command, ["run"], obj=house.ctx)
    assert isinstance(done.exception, ConfigError)
    assert "a round is under way" in str(done.exception)
