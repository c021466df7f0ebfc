"""Monitors as the API shows them and takes them."""

from typing import Annotated, Any, Literal

from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.errors import Reject
from amber.model import rfc3339
from amber_signals.checkins.desk import LONGEST_NAME
from amber_signals.checkins.monitors import Monitor, Plan, Run, Watch
from amber_signals.checkins.payloads import MOST_MINUTES, MOST_RUNS, read_schedule
from amber_signals.checkins.schedules import Crontab, Schedule, Unit, zone_of

ProjectPath = Annotated[str, PathParameter(description="The project's id or slug")]
MonitorPath = Annotated[str, PathParameter(description="The monitor's slug")]
EnvironmentPath = Annotated[str, PathParameter(description="The environment's name")]
Cursor = Annotated[str, QueryParameter(max_length=100, description="`next` of the page before")]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many items a page holds")]
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Minutes = Annotated[int, Meta(ge=1, le=MOST_MINUTES)]
Runs = Annotated[int, Meta(ge=1, le=MOST_RUNS)]
Ids = Annotated[tuple[str, ...], Meta(max_length=100, description="Targets of the project; null: all of them")]


class ScheduleShape(Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule as SDKs write it: a crontab, or so many units."""

    type: Literal["crontab", "interval"]
    value: int | str
    unit: Unit | None = None


class PlanShape(Struct, frozen=True, forbid_unknown_fields=True):
    """When a job runs and what is wrong with it: margin and runtime in minutes, thresholds in runs."""

    schedule: ScheduleShape | None = None
    timezone: Annotated[str, Meta(max_length=64)] = "UTC"
    margin: Annotated[int, Meta(ge=0, le=MOST_MINUTES)] = 1
    max_runtime: Minutes = 30
    failure_threshold: Runs = 1
    recovery_threshold: Runs = 1


class EnvironmentItem(Struct, frozen=True):
    """How a job stands in one environment. `status` is that of the last run, empty before the first one."""

    name: str
    status: str
    is_failing: bool
    is_muted: bool
    failing_since: str | None
    last_checkin_at: str | None
    next_expected_at: str | None
    missed_at: str | None


class MonitorItem(Struct, frozen=True):
    """A monitor. `follows_code`: its plan is what check-ins state, and changes with them."""

    id: str
    slug: str
    name: str
    plan: PlanShape
    follows_code: bool
    is_muted: bool
    targets: list[str] | None
    created_at: str
    environments: list[EnvironmentItem]


class RunItem(Struct, frozen=True):
    """One run, or one that never was. `duration` is in seconds."""

    id: str
    check_in_id: str
    status: str
    at: str
    ended_at: str | None
    expected_at: str | None
    duration: float | None


class MonitorListing(Struct, frozen=True):
    """A project's monitors."""

    items: list[MonitorItem]
    next: None = None


class RunListing(Struct, frozen=True):
    """One page of runs, newest first; `next` is the `cursor` of the following page, null on the last."""

    items: list[RunItem]
    next: str | None = None


class NewMonitor(Struct, frozen=True, forbid_unknown_fields=True):
    """A monitor to make; without a slug it gets one that reads like its name."""

    name: Name
    slug: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    plan: PlanShape = PlanShape()
    is_muted: bool = False
    targets: Ids | None = None


class MonitorPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. A plan is replaced whole, and code changes it no more unless `follows_code` is set with it."""

    name: Name | UnsetType = UNSET
    plan: PlanShape | UnsetType = UNSET
    follows_code: bool | UnsetType = UNSET
    is_muted: bool | UnsetType = UNSET
    targets: Ids | UnsetType | None = UNSET


class EnvironmentPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about one environment."""

    is_muted: bool


class Preview(Struct, frozen=True):
    """When a schedule is due next, in its own time zone."""

    timezone: str
    runs: list[str]


class Asked(Struct, frozen=True):
    """Which page of a list."""

    cursor: str
    limit: int


class FieldError(Struct, frozen=True):
    """What is wrong with one field of the input."""

    field: str
    message: str


class MonitorProblem(Struct, frozen=True):
    """An error as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


PROBLEMS = {
    status: ResponseSpec(
        MonitorProblem, generate_examples=False, description=what, media_type="application/problem+json"
    )
    for status, what in (
        (400, "The input cannot be used"),
        (401, "No token, or one that is not known"),
        (403, "The token's scopes do not reach this"),
        (404, "Not there, or not yours"),
    )
}
"""How every route can fail."""


def plan_of(shape: PlanShape) -> Plan:
    """The plan somebody wants. Raises Reject."""
    zone_of(shape.timezone)
    schedule = None if shape.schedule is None else schedule_of(shape.schedule)
    return Plan(
        schedule, shape.timezone, shape.margin, shape.max_runtime, shape.failure_threshold, shape.recovery_threshold
    )


def schedule_of(shape: ScheduleShape) -> Schedule:
    """The schedule somebody wants. Raises Reject."""
    return read_schedule({"type": shape.type, "value": shape.value, "unit": shape.unit})


def target_ids(values: tuple[str, ...] | None) -> tuple[int, ...] | None:
    """Ids of targets. Raises Reject."""
    if values is None:
        return None
    if strange := [one for one in values if not one.isdecimal() or len(one) > 18]:
        raise Reject(f"{strange[0]!r} is the id of no target")
    return tuple(dict.fromkeys(map(int, values)))


def monitor_item(monitor: Monitor, watches: list[Watch]) -> MonitorItem:
    """A monitor as the API shows it."""
    targets = None if monitor.targets is None else [str(one) for one in monitor.targets]
    return MonitorItem(
        str(monitor.id),
        monitor.slug,
        monitor.name,
        _plan_shape(monitor.plan),
        monitor.follows_code,
        monitor.is_muted,
        targets,
        rfc3339(monitor.created_at),
        [environment_item(watch) for watch in watches],
    )


def environment_item(watch: Watch) -> EnvironmentItem:
    """An environment as the API shows it."""
    return EnvironmentItem(
        watch.environment,
        watch.last_status,
        watch.failing_since is not None,
        watch.is_muted,
        moment(watch.failing_since),
        moment(watch.last_at or None),
        moment(watch.due),
        moment(watch.deadline),
    )


def run_item(run: Run) -> RunItem:
    """A run as the API shows it."""
    return RunItem(
        str(run.id), run.uid, run.status, rfc3339(run.at), moment(run.ended_at), moment(run.due), run.duration
    )


def moment(seconds: float | None) -> str | None:
    """Unix seconds as RFC 3339; null where there are none."""
    return None if seconds is None else rfc3339(seconds)


def _plan_shape(plan: Plan) -> PlanShape:
    given: dict[str, Any] = {name: getattr(plan, name) for name in PlanShape.__struct_fields__ if name != "schedule"}
    if plan.schedule is None:
        return PlanShape(None, **given)
    if isinstance(plan.schedule, Crontab):
        return PlanShape(ScheduleShape("crontab", plan.schedule.value), **given)
    return PlanShape(ScheduleShape("interval", plan.schedule.value, plan.schedule.unit), **given)
