"""How a watch moves on: plain functions from what was heard to how the job stands now, and what to tell."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from amber_signals.checkins.monitors import Ending, Plan, Watch

News = Literal["monitor.missed", "monitor.failed", "monitor.timeout", "monitor.recovered"]
KINDS: dict[Ending, News] = {"missed": "monitor.missed", "error": "monitor.failed", "timeout": "monitor.timeout"}
"""What is told of a run that did not end well."""


class Moved(Struct, frozen=True):
    """A watch after something happened, and the news of it, if any; `is_turn` where people should hear of it: the job
    is failing from now on, or it is well again.
    """

    watch: Watch
    news: News | None = None
    is_turn: bool = False


def heard(watch: Watch, plan: Plan, at: float) -> Watch:
    """A check-in that begins a run, or is all of it, came at `at`: the next one is due later.

    What is due only moves forward, so a check-in that comes late, or twice, moves nothing back.
    """
    due = plan.due_after(at)
    if due is None or (watch.due is not None and due <= watch.due):
        return watch
    return replace(watch, due=due, deadline=plan.deadline(due))


def began(watch: Watch, plan: Plan, at: float) -> Watch:
    """A run is in progress."""
    moved = heard(watch, plan, at)
    return moved if at < watch.last_at else replace(moved, last_status="in_progress", last_at=at)


def ended(watch: Watch, plan: Plan, how: Ending, at: float) -> Moved:
    """A run ended at `at`; what is older than what the watch has seen changes nothing."""
    if at < watch.last_at:
        return Moved(watch)
    seen = replace(watch, last_status=how, last_at=at)
    return _succeeded(seen, plan) if how == "ok" else _failed(seen, plan, how, at)


def missed(watch: Watch, plan: Plan, horizon: float) -> Moved:
    """The run that is due did not come until its deadline, and all that is known reaches up to `horizon`.

    Runs that would be missed by now as well, because nobody looked for a while, are the same miss.
    """
    late = watch.deadline or 0.0
    moved = ended(watch, plan, "missed", max(late, watch.last_at))
    due = plan.due_next(max(watch.due or 0.0, horizon - 60 * plan.margin))
    return replace(moved, watch=replace(moved.watch, due=due, deadline=plan.deadline(due)))


def planned(watch: Watch, plan: Plan, now: float) -> Watch:
    """The watch under a new plan: what is due follows from the last check-in, but never lies in the past."""
    if not watch.last_at:
        return watch
    due = plan.due_after(watch.last_at)
    if due is not None and due < now:
        due = plan.due_next(now)
    return replace(watch, due=due, deadline=plan.deadline(due))


def _succeeded(watch: Watch, plan: Plan) -> Moved:
    well = replace(watch, failures=0, successes=watch.successes + 1)
    if watch.failing_since is None or well.successes < plan.recovery_threshold:
        return Moved(well)
    return Moved(replace(well, failing_since=None), "monitor.recovered", is_turn=True)


def _failed(watch: Watch, plan: Plan, how: Ending, at: float) -> Moved:
    ill = replace(watch, successes=0, failures=watch.failures + 1)
    if watch.failing_since is not None or ill.failures < plan.failure_threshold:
        return Moved(ill, KINDS[how])
    return Moved(replace(ill, failing_since=at), KINDS[how], is_turn=True)
