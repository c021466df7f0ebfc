"""One monitor in one transaction: held from the first look to the last word, so that nobody else moves it meanwhile."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import Connection, Select, func, insert, select, update

from amber.errors import Reject
from amber.model import Fact
from amber_signals.checkins.database import insert_new, rows_of
from amber_signals.checkins.monitors import Monitor, Run, Watch
from amber_signals.checkins.schema import facts, monitors, runs, watches
from amber_signals.checkins.standing import Moved


class Ledger:
    """What may be read and written about one monitor while it is held.

    PostgreSQL: by the lock on its row, which everybody takes first; SQLite has one writer anyway.
    """

    def __init__(self, connection: Connection, monitor: Monitor) -> None:
        self._connection, self.monitor = connection, monitor

    def change(self, **changes: Any) -> None:
        """Change the monitor itself."""
        self.monitor = replace(self.monitor, **changes)
        self._connection.execute(update(monitors).filter_by(id=self.monitor.id).values(**changes))

    def watches(self) -> list[Watch]:
        """The monitor in each environment, by name."""
        found = rows_of(watches, Watch).filter_by(monitor=self.monitor.id).order_by(watches.c.environment)
        return [Watch(*row) for row in self._connection.execute(found)]

    def watch(self, environment: str, most: int) -> Watch:
        """The monitor in one environment, which is new to it maybe. Raises Reject where it has too many."""
        known = self._watch(environment)
        if known is not None:
            return known
        count = select(func.count()).select_from(watches).filter_by(monitor=self.monitor.id)
        if self._connection.execute(count).scalar_one() >= most:
            raise Reject(f"a monitor has {most} environments at most")
        new = asdict(Watch(0, self.monitor.id, environment))
        del new["id"]
        self._connection.execute(insert(watches).values(**new))
        made = self._watch(environment)
        assert made is not None  # noqa: S101 - it was written a moment ago, in this transaction
        return made

    def _watch(self, environment: str) -> Watch | None:
        found = rows_of(watches, Watch).filter_by(monitor=self.monitor.id, environment=environment)
        row = self._connection.execute(found).one_or_none()
        return Watch(*row) if row else None

    def keep(self, watch: Watch) -> None:
        """Write down how the watch stands."""
        values = asdict(watch)
        self._connection.execute(update(watches).filter_by(id=values.pop("id")).values(**values))

    def mute(self, watch: Watch, is_muted: bool) -> None:
        """Tell nobody of this environment, or tell them again."""
        self.keep(replace(watch, is_muted=is_muted))

    def run(self, watch: Watch, uid: str) -> Run | None:
        """The run with this id."""
        return self._run(rows_of(runs, Run).filter_by(watch=watch.id, uid=uid))

    def run_closed_by(self, watch: Watch, item: str) -> Run | None:
        """The run that the check-in in this item ended before."""
        return self._run(rows_of(runs, Run).filter_by(watch=watch.id, closed_by=item))

    def newest_open(self, watch: Watch) -> Run | None:
        """The run in progress that began last."""
        mine = rows_of(runs, Run).filter_by(watch=watch.id, status="in_progress")
        return self._run(mine.order_by(runs.c.at.desc()).limit(1))

    def overdue(self, watch: Watch, horizon: float) -> list[Run]:
        """Runs that take longer than they may at `horizon`, the longest overdue first."""
        late = rows_of(runs, Run).filter_by(watch=watch.id).where(runs.c.timeout_at <= horizon)
        return [Run(*row) for row in self._connection.execute(late.order_by(runs.c.timeout_at, runs.c.id))]

    def _run(self, wanted: Select[Any]) -> Run | None:
        row = self._connection.execute(wanted).first()
        return Run(*row) if row else None

    def add_run(self, run: Run) -> bool:
        """Write a new run down; False where the watch has one of its id already."""
        values = asdict(run)
        del values["id"]
        return insert_new(self._connection, runs, values)

    def keep_run(self, run: Run) -> None:
        """Write down how the run went on."""
        values = asdict(run)
        self._connection.execute(update(runs).filter_by(id=values.pop("id")).values(**values))

    def settle(self, moved: Moved, run: Run) -> None:
        """Keep the watch, and put the news, if any, into the outbox: both or neither."""
        self.keep(moved.watch)
        if moved.news is not None:
            self._connection.execute(insert(facts).values(fact=self._fact(moved, run)))

    def _fact(self, moved: Moved, run: Run) -> Fact:
        monitor, watch = self.monitor, moved.watch
        at = watch.last_at
        data: Mapping[str, Any] = {
            "monitor_id": str(monitor.id),
            "monitor": monitor.slug,
            "name": monitor.name,
            "environment": watch.environment,
            "status": run.status,
            "check_in_id": run.uid,
            "due": run.due,
            "duration": run.duration,
            "failures": watch.failures,
            "failing_since": watch.failing_since,
            "is_turn": moved.is_turn,
            "is_muted": monitor.is_muted or watch.is_muted,
        }
        return Fact(uid_from(f"{moved.news}:{watch.id}:{run.uid}"), str(moved.news), monitor.project, at, data)


def uid_from(text: str) -> str:
    """32 hex digits that follow from a text, and from it alone."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
