"""Facts on their way to a plugin, and what it wants people to be told of them on its way to a project's targets."""

import asyncio
from collections.abc import Sequence
from typing import Any

from amber.bus import Bus
from amber.delivering.once import digest_of, is_done, note_done
from amber.delivering.tasks import Task, queue_task
from amber.kernel import Kernel
from amber.model import Alert, Fact, Notification, Project, Target
from amber.plugin.dispatch import check_fields

HEARS = ("on_fact", "evaluate_fact")
"""The hooks that are asked about facts."""


class Hearing:
    """Asks plugins what they answer to facts."""

    def __init__(self, kernel: Kernel, bus: Bus) -> None:
        self._kernel, self._bus = kernel, bus

    async def hear(self, plugin: str, fact: Fact) -> None:
        """Tell a plugin of a fact, unless its project does without it. Raises what it fails with, Unavailable."""
        dispatcher = self._kernel.dispatcher
        if self._kernel.overrides.is_switched(plugin) and await self._is_off(plugin, fact.project):
            return
        evaluates = dispatcher.answers(plugin, "evaluate_fact")
        if dispatcher.answers(plugin, "on_fact") or not evaluates:
            await dispatcher.ask(plugin, "on_fact", lambda value: value, fact=fact)
        if evaluates:
            await self._evaluate(plugin, fact)

    async def _is_off(self, plugin: str, project_id: int) -> bool:
        project = await asyncio.to_thread(self._kernel.stores.directory.project, str(project_id))
        return project is not None and self._kernel.overrides.is_off(plugin, project.organisation, project.id)

    async def _evaluate(self, plugin: str, fact: Fact) -> None:
        directory = self._kernel.stores.directory
        project = await asyncio.to_thread(directory.project, str(fact.project))
        if project is None:
            return  # it was removed since, or the fact is about none
        alerts = await self._kernel.dispatcher.ask(plugin, "evaluate_fact", alerts_of, fact=fact, project=project)
        every = await self._targets(project) if alerts else []
        for alert in alerts:
            kind = alert.kind or fact.type
            if wanted := [one for one in every if is_meant(one, alert.targets, kind)]:
                await self._queue(wanted, self._notification(plugin, alert, fact, project))

    async def _targets(self, project: Project) -> list[Target]:
        """Those that are to be told anything at all."""
        every = await asyncio.to_thread(self._kernel.stores.directory.targets, project.id)
        is_off, place = self._kernel.overrides.is_off, (project.organisation, project.id)
        return [one for one in every if one.is_enabled and not is_off(one.plugin, *place)]

    async def _queue(self, targets: Sequence[Target], notification: Notification) -> None:
        """Queue it for each target, unless that was done before."""
        if await is_done(self._bus, notification.id):
            return
        for target in targets:
            await queue_task(self._bus, target.plugin, Task(target.id, notification))
        await note_done(self._bus, notification.id)

    def _notification(self, plugin: str, alert: Alert, fact: Fact, project: Project) -> Notification:
        page = alert.page or (f"/issues/{alert.issue_id}" if alert.issue_id else "")
        return Notification(
            id=digest_of(plugin, project.id, alert.key or fact.id),
            kind=alert.kind or fact.type,
            project=project.id,
            project_slug=project.slug,
            project_name=project.name,
            title=alert.title,
            at=fact.at,
            url=f"{self._kernel.settings.server.url}{page}",
            culprit=alert.culprit,
            level=alert.level,
            issue_id=alert.issue_id,
            short_id=alert.short_id,
            event_id=alert.event_id,
        )


def is_meant(target: Target, wanted: tuple[int, ...] | str, kind: str) -> bool:
    """Whether a target is to be told of this kind of news."""
    if isinstance(wanted, tuple):
        return target.id in wanted
    return wanted == "all" or kind in target.kinds


def alerts_of(value: Any) -> Sequence[Alert]:
    """What a plugin answered, looked at. Raises TypeError or ValueError with what is wrong with it."""
    alerts = list(value)
    if not all(isinstance(one, Alert) for one in alerts):
        raise TypeError("evaluate_fact answered something else than Alerts")
    for one in alerts:
        check_fields(one)
    if len({one.key for one in alerts}) < len(alerts):
        raise ValueError("evaluate_fact answered several Alerts with the same key: one of them would be told")
    return alerts
