"""People are told when a job begins to fail, and when it is well again."""

from datetime import UTC, datetime

from amber import Context
from amber.model import Alert, Fact, Project
from amber_signals.checkins.config import Config, store_of
from amber_signals.checkins.monitors import Monitor
from amber_signals.checkins.schedules import zone_of


def alerts_about(fact: Fact, project: Project, ctx: Context[Config]) -> list[Alert]:
    """One alert for the targets that the monitor tells; none where it is muted, was removed since, or is no news."""
    if not fact.data.get("is_turn") or fact.data.get("is_muted"):
        return []
    monitor = store_of(ctx).monitor(project.id, str(fact.data.get("monitor")))
    return [alert_of(fact, project, monitor)] if monitor is not None else []


def alert_of(fact: Fact, project: Project, monitor: Monitor) -> Alert:
    """What people are told of a fact; the same fact gives the same alert."""
    return Alert(
        title=title_of(fact, monitor),
        targets="all" if monitor.targets is None else monitor.targets,
        page=page_of(project, monitor),
        culprit=f"{monitor.slug} in {fact.data.get('environment')}",
        level="info" if fact.type == "monitor.recovered" else "error",
    )


def page_of(project: Project, monitor: Monitor) -> str:
    """Where the console shows the monitor."""
    return f"/projects/{project.slug}/pages/checkins/monitors/{monitor.slug}"


def title_of(fact: Fact, monitor: Monitor) -> str:
    """Such as `Nightly backup did not run: it was due on Mon 23 Nov at 03:00 CET`."""
    name, plan = monitor.name, monitor.plan
    if fact.type == "monitor.missed":
        return f"{name} did not run: it was due on {said(float(fact.data.get('due') or fact.at), plan.timezone)}"
    if fact.type == "monitor.timeout":
        return f"{name} has been running for more than {plan.max_runtime} min"
    if fact.type == "monitor.failed":
        return f"{name} failed{_times(fact)}"
    return f"{name} is well again"


def said(at: float, timezone: str) -> str:
    """A moment in the job's own time zone."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone_of(timezone)):%a %d %b at %H:%M %Z}"


def _times(fact: Fact) -> str:
    failures = fact.data.get("failures")
    return f" {failures} times in a row" if isinstance(failures, int) and failures > 1 else ""
