"""Where monitors are kept: transactions as the rest of the plugin asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Engine, delete, func, select

from amber.errors import Reject
from amber.model import Fact
from amber_signals.checkins.database import Database, insert_new, rows_of
from amber_signals.checkins.ledger import Ledger
from amber_signals.checkins.monitors import Monitor, Run, Watch
from amber_signals.checkins.schema import facts, monitors, runs, watches


class Store:
    """The plugin's tables. Plain blocking calls; all raise Unavailable while the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._database = Database(engine)

    # --- looking

    def monitors(self, project: int) -> list[Monitor]:
        """A project's monitors, by name."""
        return self._monitors(rows_of(monitors, Monitor).filter_by(project=project).order_by(monitors.c.slug))

    def monitor(self, project: int, slug: str) -> Monitor | None:
        """One of them, or None."""
        found = self._monitors(rows_of(monitors, Monitor).filter_by(project=project, slug=slug))
        return found[0] if found else None

    def watches(self, numbers: Sequence[int]) -> dict[int, list[Watch]]:
        """How these monitors stand, by monitor and environment."""
        wanted = rows_of(watches, Watch).where(watches.c.monitor.in_(numbers)).order_by(watches.c.environment)
        found: dict[int, list[Watch]] = {number: [] for number in numbers}
        with self._database.reading() as connection:
            for row in connection.execute(wanted):
                watch = Watch(*row)
                found[watch.monitor].append(watch)
        return found

    def runs(self, watch: int, limit: int, before: tuple[float, int] | None = None) -> list[Run]:
        """Runs of a watch, the newest first, from before a time and number on."""
        wanted = rows_of(runs, Run).filter_by(watch=watch).order_by(runs.c.at.desc(), runs.c.id.desc()).limit(limit)
        if before is not None:
            at, number = before
            wanted = wanted.where((runs.c.at < at) | ((runs.c.at == at) & (runs.c.id < number)))
        with self._database.reading() as connection:
            return [Run(*row) for row in connection.execute(wanted)]

    def due(self, horizon: float, limit: int) -> list[int]:
        """Monitors of which something is overdue at `horizon`: a run that never began, or one that never ended."""
        late = select(watches.c.monitor).where(watches.c.deadline <= horizon)
        long = select(watches.c.monitor).join(runs, runs.c.watch == watches.c.id).where(runs.c.timeout_at <= horizon)
        with self._database.reading() as connection:
            return list(connection.execute(late.union(long).limit(limit)).scalars())

    def projects(self) -> list[int]:
        """The projects that have monitors."""
        with self._database.reading() as connection:
            return list(connection.execute(select(monitors.c.project).distinct()).scalars())

    def _monitors(self, wanted: Any) -> list[Monitor]:
        with self._database.reading() as connection:
            return [Monitor(*row) for row in connection.execute(wanted)]

    # --- changing

    @contextmanager
    def hold(self, number: int) -> Iterator[Ledger | None]:
        """Hold a monitor for one transaction; None where it is gone."""
        with self._database.writing() as connection:
            yield _ledger(connection, rows_of(monitors, Monitor).filter_by(id=number))

    @contextmanager
    def admit(self, wanted: Monitor, most: int) -> Iterator[Ledger]:
        """Hold the monitor with this project and slug; it is made where there is none, unless there are `most`.

        Raises Reject.
        """
        mine = rows_of(monitors, Monitor).filter_by(project=wanted.project, slug=wanted.slug)
        with self._database.writing() as connection:
            found = _ledger(connection, mine)
            if found is None:
                self._make(connection, wanted, most)
                found = _ledger(connection, mine)
            assert found is not None  # noqa: S101 - it was there, or was written a moment ago
            yield found

    def add(self, wanted: Monitor, most: int) -> Monitor:
        """Make a monitor. Raises Reject(409) where its slug is taken or there are `most`."""
        with self._database.writing() as connection:
            if not self._make(connection, wanted, most):
                raise Reject(f"there is a monitor {wanted.slug} already", status=409)
        made = self.monitor(wanted.project, wanted.slug)
        if made is None:
            raise Reject("the monitor was removed at once", status=409)
        return made

    def remove(self, number: int) -> None:
        """Forget a monitor, with all its runs."""
        with self._database.writing() as connection:
            connection.execute(delete(monitors).filter_by(id=number))

    def remove_watch(self, number: int) -> None:
        """Forget a monitor in one environment."""
        with self._database.writing() as connection:
            connection.execute(delete(watches).filter_by(id=number))

    def _make(self, connection: Connection, wanted: Monitor, most: int) -> bool:
        count = select(func.count()).select_from(monitors).filter_by(project=wanted.project)
        if connection.execute(count).scalar_one() >= most:
            raise Reject(f"a project has {most} monitors at most", status=409)
        values: Mapping[str, Any] = {name: one for name, one in asdict(wanted).items() if name != "id"}
        return insert_new(connection, monitors, values)

    # --- facts and age

    def pending_facts(self, limit: int) -> list[tuple[int, Fact]]:
        """Facts nobody has published yet, oldest first, by number."""
        wanted = select(facts.c.id, facts.c.fact).order_by(facts.c.id).limit(limit)
        with self._database.reading() as connection:
            return [(number, fact) for number, fact in connection.execute(wanted)]

    def forget_fact(self, number: int) -> None:
        """A fact is told."""
        with self._database.writing() as connection:
            connection.execute(delete(facts).filter_by(id=number))

    def forget_runs(self, project: int, before: float, limit: int) -> int:
        """Let go of up to `limit` runs from before a time; how many those were. What is in progress stays."""
        mine = select(watches.c.id).join(monitors, watches.c.monitor == monitors.c.id)
        old = (runs.c.at < before) & (runs.c.status != "in_progress")
        wanted = select(runs.c.id).where(runs.c.watch.in_(mine.where(monitors.c.project == project)), old).limit(limit)
        with self._database.writing() as connection:
            numbers = list(connection.execute(wanted).scalars())
            if numbers:
                connection.execute(delete(runs).where(runs.c.id.in_(numbers)))
        return len(numbers)

    def forget_project(self, project: int) -> None:
        """Forget every monitor of a project that is gone."""
        with self._database.writing() as connection:
            connection.execute(delete(monitors).filter_by(project=project))


def _ledger(connection: Connection, wanted: Any) -> Ledger | None:
    row = connection.execute(wanted.with_for_update()).one_or_none()
    return Ledger(connection, Monitor(*row)) if row else None
