"""`amber send-test`: a real event by a real SDK, followed until it is an issue."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amber import runtime
from amber.errors import ConfigError, Unavailable
from amber.model import Issue, dsn

if TYPE_CHECKING:
    from amber.kernel import Kernel


@click.command("send-test")
@click.option("--dsn", "address", help="Where to send; the first project's DSN if not given.")
@click.option("--project", "ref", default="", help="Id or slug of the project to send to.")
@click.option("--wait", default=15.0, show_default=True, help="Seconds to wait for the issue.")
def send_test(data: Path, config: Path | None, address: str | None, ref: str, wait: float) -> None:
    """Send a test error with sentry-sdk and wait until it is an issue."""
    from amber.kernel import Kernel

    kernel = Kernel(runtime.settings(data, config), data)
    asyncio.run(kernel.start())
    try:
        project, target = _target(kernel, ref)
        event = _send(address or target)
        issue = _await_issue(kernel, project, event, time.monotonic() + wait)
    finally:
        asyncio.run(kernel.stop())
    click.echo(f"Event {event} is {issue.short_id}: {issue.title}")


def _target(kernel: "Kernel", ref: str) -> tuple[int, str]:
    directory = kernel.stores.directory
    everyone = [project for org in directory.organisations() for project in directory.projects(org.id)]
    project = directory.project(ref) if ref else next(iter(everyone), None)
    if project is None:
        raise ConfigError(
            f"there is no project {ref!r}" if ref else "there is no project yet: amber project create NAME"
        )
    key = next((key for key in directory.keys(project.id) if key.is_active), None)
    if key is None:
        raise ConfigError(f"project {project.slug} has no active key: amber project key add {project.slug}")
    return project.id, dsn(kernel.settings.server.url, key.public_key, project.id)


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


def _await_issue(kernel: "Kernel", project: int, event: str, deadline: float) -> Issue:
    stores = kernel.stores
    while time.monotonic() < deadline:
        stored = stores.events.get_event(project, event)
        issue = stores.issues.find_issue(project, stored.key) if stored is not None else None
        if issue is not None:
            return issue
        time.sleep(0.1)
    raise Unavailable(f"event {event} did not become an issue in time: is Amber running? See /health/ready")
