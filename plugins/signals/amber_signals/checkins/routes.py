"""`/api/v1/projects/{project}/monitors`: what is watched, how it stands, and what was heard."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

from litestar import Request, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import UNSET

from amber import Context
from amber.errors import Reject
from amber.model import Principal
from amber_signals.checkins.config import Config
from amber_signals.checkins.desk import Desk, Wish
from amber_signals.checkins.payloads import read_schedule
from amber_signals.checkins.schedules import Schedule, runs_after, zone_of
from amber_signals.checkins.shapes import (
    PROBLEMS,
    Asked,
    Cursor,
    EnvironmentItem,
    EnvironmentPatch,
    EnvironmentPath,
    Limit,
    MonitorItem,
    MonitorListing,
    MonitorPatch,
    MonitorPath,
    NewMonitor,
    Preview,
    ProjectPath,
    RunListing,
    environment_item,
    monitor_item,
    plan_of,
    run_item,
    target_ids,
)

ALL = "/projects/{project:str}/monitors"
ONE = ALL + "/{monitor:str}"
ENVIRONMENT = ONE + "/environments/{environment:str}"
COMMON: Any = {"tags": ["monitors"], "responses": PROBLEMS, "sync_to_thread": True}
PREVIEWED = 5
Caller = NamedDependency[SkipValidation[Desk]]
Paging = NamedDependency[SkipValidation[Asked]]
Text = Annotated[str, QueryParameter(max_length=100)]


@get(ALL, action="project:read", **COMMON)
def list_monitors(desk: Caller, project: ProjectPath) -> MonitorListing:
    """The project's monitors, by name, each with how it stands."""
    found = desk.store.monitors(desk.project(project).id)
    watches = desk.store.watches([one.id for one in found])
    return MonitorListing([monitor_item(one, watches[one.id]) for one in found])


@post(ALL, action="project:write", **COMMON)
def create_monitor(desk: Caller, project: ProjectPath, data: JSONBody[NewMonitor]) -> MonitorItem:
    """Make a monitor; it waits for its first check-in, and watches from then on."""
    home = desk.project(project)
    wish = Wish(data.name, data.slug, plan_of(data.plan), data.is_muted, target_ids(data.targets))
    return monitor_item(desk.create(home, wish), [])


@get(ONE, action="project:read", **COMMON)
def get_monitor(desk: Caller, project: ProjectPath, monitor: MonitorPath) -> MonitorItem:
    """One monitor."""
    known = desk.monitor(desk.project(project), monitor)
    return monitor_item(known, desk.watches(known))


@patch(ONE, action="project:write", **COMMON)
def change_monitor(
    desk: Caller, project: ProjectPath, monitor: MonitorPath, data: JSONBody[MonitorPatch]
) -> MonitorItem:
    """Change a monitor."""
    home = desk.project(project)
    known = desk.monitor(home, monitor)
    given = {name: getattr(data, name) for name in MonitorPatch.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    if not changes:
        raise Reject("name one field to change at least")
    if data.plan is not UNSET:
        changes["plan"] = plan_of(data.plan)
    if data.targets is not UNSET:
        changes["targets"] = target_ids(data.targets)
    changed = desk.change(home, known, changes)
    return monitor_item(changed, desk.watches(changed))


@delete(ONE, action="project:write", **COMMON)
def remove_monitor(desk: Caller, project: ProjectPath, monitor: MonitorPath) -> None:
    """Forget a monitor with all its runs; a check-in makes it anew."""
    desk.remove(desk.monitor(desk.project(project), monitor))


@patch(ENVIRONMENT, action="project:triage", **COMMON)
def change_environment(
    desk: Caller,
    project: ProjectPath,
    monitor: MonitorPath,
    environment: EnvironmentPath,
    data: JSONBody[EnvironmentPatch],
) -> EnvironmentItem:
    """Mute one environment, or let people hear of it again."""
    known = desk.monitor(desk.project(project), monitor)
    return environment_item(desk.mute(known, environment, data.is_muted))


@delete(ENVIRONMENT, action="project:write", **COMMON)
def remove_environment(desk: Caller, project: ProjectPath, monitor: MonitorPath, environment: EnvironmentPath) -> None:
    """Forget one environment with its runs, such as one that is no more."""
    desk.remove_watch(desk.monitor(desk.project(project), monitor), environment)


@get(ENVIRONMENT + "/checkins", action="project:read", **COMMON)
def list_checkins(
    desk: Caller, project: ProjectPath, monitor: MonitorPath, environment: EnvironmentPath, asked: Paging
) -> RunListing:
    """What was heard of the job there, newest first; a run that was missed stands in its place."""
    watch = desk.watch(desk.monitor(desk.project(project), monitor), environment)
    found = desk.store.runs(watch.id, asked.limit + 1, _place(asked.cursor) if asked.cursor else None)
    last = found[asked.limit - 1] if len(found) > asked.limit else None
    return RunListing([run_item(one) for one in found[: asked.limit]], f"{last.at!r}_{last.id}" if last else None)


@get("/monitor-preview", action="project:read", **COMMON)
def preview_schedule(desk: Caller, value: Text = "@daily", unit: Text = "", timezone: Text = "UTC") -> Preview:
    """When a crontab, or so many units, would be due next."""
    is_interval = bool(unit) and value.isdecimal()
    kind, amount = ("interval", int(value)) if is_interval else ("crontab", value)
    schedule = read_schedule({"type": kind, "value": amount, "unit": unit})
    return Preview(timezone, [_said(at, timezone) for at in upcoming(schedule, timezone, desk.now)])


def upcoming(schedule: Schedule, timezone: str, now: float) -> list[float]:
    """The next few runs (Unix seconds). Raises Reject."""
    return list(islice(runs_after(schedule, now, zone_of(timezone)), PREVIEWED))


def router(ctx: Context[Config]) -> Router:
    """Every route, each given the `Desk` of who asks."""

    def desk(request: Request[Principal, Any, Any]) -> Desk:
        return Desk(request.user, str(request.scope.get("amber_client_ip", "")), ctx)

    def asked(cursor: Cursor = "", limit: Limit = 50) -> Asked:
        return Asked(cursor, limit)

    handlers = (list_monitors, create_monitor, get_monitor, change_monitor, remove_monitor)
    deeper = (change_environment, remove_environment, list_checkins, preview_schedule)
    given = {"desk": Provide(desk, sync_to_thread=False), "asked": Provide(asked, sync_to_thread=False)}
    return Router("/api/v1", route_handlers=[*handlers, *deeper], dependencies=given)


def _place(cursor: str) -> tuple[float, int]:
    at, _, number = cursor.partition("_")
    try:
        return float(at), int(number)
    except ValueError:
        raise Reject("the cursor is none of this list") from None


def _said(at: float, timezone: str) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(zone_of(timezone)).isoformat()
