"""Webhooks on their way to a plugin, and what it wants to be done about them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber.bus import Bus, Message
from amber.bus.reading import read_json
from amber.delivering.delivery import Verdict, each
from amber.delivering.once import digest_of, is_done, note_done
from amber.errors import Denied, Reject
from amber.identity.access import Access
from amber.kernel import Kernel
from amber.model import (
    AuditEntry,
    Command,
    IssueChange,
    IssueStatus,
    Principal,
    Project,
    Resource,
    Target,
    WebhookRequest,
    actor_of,
)
from amber.plugin.dispatch import check_fields
from amber.poison.letters import ROW

STATUS: Mapping[str, IssueStatus] = {"resolve": "resolved", "reopen": "unresolved", "ignore": "ignored"}
TRIAGE = "project:triage"


class Received(Struct, frozen=True):
    """A task: this came to the address of a target."""

    target: int
    project: int
    request: WebhookRequest
    at: float
    type: str = "webhook.receive"


class WebhookDesk:
    """Shows webhooks to one plugin and does what it answers, in the name of the target they came to."""

    def __init__(self, kernel: Kernel, bus: Bus, plugin: str) -> None:
        self._kernel, self._bus, self._plugin = kernel, bus, plugin
        self._access = Access(kernel.dispatcher)

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """Each message's verdict."""
        return await each(messages, self._receive)

    async def _receive(self, message: Message) -> None:
        """Nothing is done for a target that is gone, switched off or another plugin's now, nor for a project that does
        without the plugin.
        """
        task, directory = read_json(message.data, Received, "a webhook"), self._kernel.stores.directory
        target = await asyncio.to_thread(directory.target, task.target)
        if target is None or not target.is_enabled or target.plugin != self._plugin:
            return
        project = await asyncio.to_thread(directory.project, str(target.project))
        if project is None or self._kernel.dispatcher.is_off(self._plugin, project.organisation, project.id):
            return
        settings = await self._kernel.sender.settings(target)
        commands = await self._kernel.dispatcher.ask(
            self._plugin, "receive_webhook", commands_of, request=task.request, target=settings
        )
        await self._carry_out(commands, task.request, target, project)

    async def _carry_out(
        self, commands: Sequence[Command], request: WebhookRequest, target: Target, project: Project
    ) -> None:
        """Do all of it, or nothing where one of them cannot be done. Raises Reject."""
        who = owner(target, project)
        for command in commands:
            await self._check(command, who, project)
        for command in commands:
            wish = (command.action, command.issue, command.assignee)
            deed = digest_of("webhook", target.id, command.key or request.id, *wish)
            if not await is_done(self._bus, deed):
                await asyncio.to_thread(self._change, command, request, who, project)
                await note_done(self._bus, deed)

    async def _check(self, command: Command, who: Principal, project: Project) -> None:
        try:
            await self._access.authorise(who, TRIAGE, Resource(project.organisation, project.id))
        except Denied as denied:
            raise Reject(f"the target may not {command.action} issues: {denied}") from denied
        number = int(command.issue) if ROW.fullmatch(command.issue) else 0
        found = await asyncio.to_thread(self._kernel.stores.issues.get_issue, number) if number else None
        if found is None or found.project != project.id:
            raise Reject(f"issue: project {project.slug} has no issue {command.issue!r}; give the id of one of its own")

    def _change(self, command: Command, request: WebhookRequest, who: Principal, project: Project) -> None:
        status = STATUS.get(command.action)
        change = IssueChange(status, None if status else command.assignee)
        told = {"status": status} if status else {"assignee": command.assignee}
        audit = AuditEntry(
            organisation=project.organisation,
            actor=actor_of(who),
            action="issue.change",
            subject=command.issue,
            at=request.at,
            after=told,
            client_ip=request.client_ip,
        )
        self._kernel.stores.issues.change_issues([int(command.issue)], change, audit)


def owner(target: Target, project: Project) -> Principal:
    """In whose name a webhook is heeded: the target's own, which may look after its project's issues and no more."""
    return Principal(
        "token",
        id=f"target-{target.id}",
        name=target.name,
        organisation=project.organisation,
        projects=frozenset({project.id}),
        scopes=frozenset({TRIAGE}),
    )


def commands_of(value: Any) -> Sequence[Command]:
    """What a plugin answered, looked at. Raises TypeError or ValueError with what is wrong with it."""
    commands = list(value)
    if not all(isinstance(one, Command) for one in commands):
        raise TypeError("receive_webhook answered something else than Commands")
    for one in commands:
        check_fields(one)
    return commands
