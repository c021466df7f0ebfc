"""What a monitor is: a job, its schedule, and how it stands in each environment."""

from typing import Literal

from msgspec import Struct

from amber_signals.checkins.schedules import Schedule, next_due, next_run, zone_of

Ending = Literal["ok", "error", "missed", "timeout"]
Status = Literal["in_progress", "ok", "error", "missed", "timeout"]
PRODUCTION = "production"
"""The environment of a check-in that names none."""


class Plan(Struct, frozen=True):
    """When a job runs and what is wrong with it. `margin` and `max_runtime` are in minutes, thresholds in runs.

    Without a schedule nothing is ever missed.
    """

    schedule: Schedule | None = None
    timezone: str = "UTC"
    margin: int = 1
    max_runtime: int = 30
    failure_threshold: int = 1
    recovery_threshold: int = 1

    def due_after(self, at: float) -> float | None:
        """When the next check-in is due, one having come at `at`; None where nobody can tell."""
        return None if self.schedule is None else next_due(self.schedule, at, zone_of(self.timezone))

    def due_next(self, at: float) -> float | None:
        """The first run that is due after `at`, whoever checked in before."""
        return None if self.schedule is None else next_run(self.schedule, at, zone_of(self.timezone))

    def deadline(self, due: float | None) -> float | None:
        """When a run that is due counts as missed."""
        return None if due is None else due + 60 * self.margin


class Monitor(Struct, frozen=True):
    """A job that is watched.

    `follows_code`: its plan is what its check-ins say; a plan that a person made is not changed by them. `targets` are
    the ids of the project's targets that are told; None is all of them. Times are Unix seconds.
    """

    id: int
    project: int
    slug: str
    name: str
    plan: Plan
    follows_code: bool
    is_muted: bool
    targets: tuple[int, ...] | None
    created_at: float


class Watch(Struct, frozen=True):
    """How a job stands in one environment.

    `last_at` is when something last counted, `due` when the next check-in is, `deadline` when it is missed. `failures`
    and `successes` are how many runs in a row ended so; `failing_since` is set from the failure threshold on until the
    recovery threshold.
    """

    id: int
    monitor: int
    environment: str
    is_muted: bool = False
    last_status: Status | Literal[""] = ""
    last_at: float = 0.0
    due: float | None = None
    deadline: float | None = None
    failures: int = 0
    successes: int = 0
    failing_since: float | None = None


class Run(Struct, frozen=True):
    """One run of a job, as its check-ins tell it, or one that never was.

    `at` is when it was first heard of (a missed one: when it was due), `ended_at` when it was last. `due` is when it
    should have begun. `timeout_at` is set while it is in progress. `duration` is in seconds.
    """

    id: int
    watch: int
    uid: str
    status: Status
    at: float
    ended_at: float | None = None
    due: float | None = None
    duration: float | None = None
    timeout_at: float | None = None
    closed_by: str = ""
