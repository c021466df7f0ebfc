"""`amber send-test`: a real event by a real SDK, followed until it is an issue."""

import time
from typing import Any

import click

from amber import Context
from amber.errors import ConfigError, Unavailable
from amber.model import Directory, Issue, dsn
from amber_api.v1.terminal import known_project


@click.command("send-test")
@click.option("--dsn", "address", help="Where to send; the first project's DSN if not given.")
@click.option("--project", "ref", default="", help="Id or slug of the project to send to.")
@click.option("--wait", default=15.0, show_default=True, help="Seconds to wait for the issue.")
@click.pass_obj
def send_test(ctx: Context[Any], /, address: str | None, ref: str, wait: float) -> None:
    """Send a test error with sentry-sdk and wait until it is an issue."""
    project, target = choose_target(ctx, ref)
    event = _send(address or target)
    issue = _await_issue(ctx, project, event, time.monotonic() + wait)
    click.echo(f"Event {event} is {issue.short_id}: {issue.title}")


def choose_target(ctx: Context[Any], ref: str) -> tuple[int, str]:
    """The id and DSN of the project named, or of the first there is. Raises AmberError where nothing can be sent to."""
    directory: Directory = ctx.role("directory")
    everyone = [project for org in directory.organisations() for project in directory.projects(org.id)]
    project = known_project(directory, ref) if ref else next(iter(everyone), None)
    if project is None:
        raise ConfigError("there is no project yet: amber project create NAME")
    key = next((key for key in directory.keys(project.id) if key.is_active), None)
    if key is None:
        raise ConfigError(f"project {project.slug} has no active key: amber project key add {project.slug}")
    return project.id, dsn(ctx.kernel("public_url"), key.public_key, project.id)


def _send(address: str) -> str:
    import sentry_sdk  # slow to import, and no other command needs it

    sentry_sdk.init(dsn=address, default_integrations=False, release="amber-send-test")
    try:
        raise RuntimeError("This is a test error from amber send-test")
    except RuntimeError as error:
        event = sentry_sdk.capture_exception(error)
    sentry_sdk.flush(timeout=10)
    if event is None:
        raise ConfigError("the SDK sent nothing")
    return event


def _await_issue(ctx: Context[Any], project: int, event: str, deadline: float) -> Issue:
    events, issues = ctx.role("event_store"), ctx.role("issue_store")
    while time.monotonic() < deadline:
        stored = events.get_event(project, event)
        issue: Issue | None = issues.find_issue(project, stored.key) if stored is not None else None
        if issue is not None:
            return issue
        time.sleep(0.1)
    raise Unavailable(f"event {event} did not become an issue in time: is Amber running? See /health/ready")
