"""A run of a job from its first check-in to its end; every step is harmless when it is repeated."""

from msgspec import Struct
from msgspec.structs import replace

from amber_signals.checkins.ledger import Ledger, uid_from
from amber_signals.checkins.monitors import Ending, Run, Watch
from amber_signals.checkins.payloads import CheckIn
from amber_signals.checkins.standing import began, ended, heard, missed


class Heard(Struct, frozen=True):
    """A check-in, the id of the item it came in (the same at every delivery), and when it came."""

    checkin: CheckIn
    item: str
    at: float

    @property
    def uid(self) -> str:
        """The id of the run; one that follows from the item where the client numbers no runs."""
        return self.checkin.uid or uid_from(self.item)

    @property
    def ending(self) -> Ending:
        """How the run ended."""
        return "ok" if self.checkin.status == "ok" else "error"


def begin(ledger: Ledger, watch: Watch, told: Heard) -> None:
    """A run begins, or says that it is still at it; for one that has ended this comes too late to change anything."""
    plan, known = ledger.monitor.plan, ledger.run(watch, told.uid)
    until = told.at + 60 * plan.max_runtime
    if known is None:
        run = Run(0, watch.id, told.uid, "in_progress", told.at, due=_due(watch, told.at), timeout_at=until)
        ledger.add_run(run)
    else:
        is_open = known.status == "in_progress"
        until_then = max(known.timeout_at or 0.0, until) if is_open else None
        ledger.keep_run(replace(known, at=min(known.at, told.at), timeout_at=until_then))
    if known is None or known.status == "in_progress":
        ledger.keep(began(watch, plan, told.at))


def end(ledger: Ledger, watch: Watch, told: Heard) -> None:
    """A run ends. One that has ended before stays as it was: this is a repeat, or the end of what overran."""
    plan, known = ledger.monitor.plan, _closed(ledger, watch, told)
    if known is None:
        run = Run(0, watch.id, told.uid, told.ending, told.at, told.at, _due(watch, told.at), told.checkin.duration)
        run = replace(run, closed_by=told.item)
        ledger.add_run(run)
        ledger.settle(ended(heard(watch, plan, told.at), plan, told.ending, told.at), run)
    elif known.status == "in_progress":
        run = replace(_ended(known, told), status=told.ending, timeout_at=None)
        ledger.keep_run(run)
        ledger.settle(ended(watch, plan, told.ending, told.at), run)
    elif known.status == "timeout" and not known.closed_by:
        ledger.keep_run(_ended(known, told))


def settle_overdue(ledger: Ledger, watch: Watch, horizon: float) -> None:
    """Write down what is overdue at `horizon`: runs that never ended, then the one that never began."""
    plan = ledger.monitor.plan
    for run in ledger.overdue(watch, horizon):
        late = replace(run, status="timeout", timeout_at=None)
        ledger.keep_run(late)
        moved = ended(watch, plan, "timeout", max(run.timeout_at or run.at, watch.last_at))
        ledger.settle(moved, late)
        watch = moved.watch
    if watch.due is not None and watch.deadline is not None and watch.deadline <= horizon:
        run = Run(0, watch.id, uid_from(f"missed:{watch.id}:{watch.due}"), "missed", watch.due, due=watch.due)
        moved = missed(watch, plan, horizon)
        if ledger.add_run(run):
            ledger.settle(moved, run)
        else:
            ledger.keep(moved.watch)


def _closed(ledger: Ledger, watch: Watch, told: Heard) -> Run | None:
    """The run that this check-in ends: the one it names, or the newest in progress, unless it ended one before."""
    if told.checkin.uid:
        return ledger.run(watch, told.checkin.uid)
    return ledger.run_closed_by(watch, told.item) or ledger.newest_open(watch)


def _ended(run: Run, told: Heard) -> Run:
    took = told.checkin.duration if told.checkin.duration is not None else max(0.0, told.at - run.at)
    return replace(run, ended_at=told.at, duration=took, closed_by=told.item)


def _due(watch: Watch, at: float) -> float | None:
    """When this run was due, where it was waited for."""
    return watch.due if watch.due is not None and watch.due <= at else None
