"""The desk where targets are seen to: which kinds there are, what each needs, and messages for them."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from amber.bus import Bus
from amber.delivering.sending import Sender
from amber.delivering.tasks import Task, queue_task
from amber.desks.deadletters import forget_delivery
from amber.errors import ConfigError, Reject
from amber.model import Attempt, Notification, Target, TargetType
from amber.plugin.forms import fields_of, fill, secrets_of
from amber.poison.letters import ROW
from amber.tables.vault import is_sealed

HIDDEN = "•••"
"""What is shown where a secret is kept."""


class TargetDesk:
    """What plugins reach as `ctx.kernel("targets")`. Queueing needs a bus, which a command has not."""

    def __init__(self, sender: Sender, public_url: str, bus: Callable[[], Bus | None]) -> None:
        self._sender, self._public_url, self._bus = sender, public_url, bus

    def types(self) -> list[TargetType]:
        """The kinds of target that running plugins deliver to."""
        return [
            TargetType(
                plugin.name,
                plugin.manifest.title if plugin.manifest else plugin.name,
                plugin.manifest.summary if plugin.manifest else "",
                fields_of(self._sender.schema(plugin.name)),
            )
            for plugin in self._sender.plugins()
        ]

    def check(self, plugin: str, values: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What was entered as settings to keep: validated, secrets sealed. Where `kept` (the settings there are) has a
        secret, an empty text or none keeps it, and null takes it away. Raises Reject with a cause for each field.
        """
        schema = self._sender.schema(plugin)
        secrets = secrets_of(schema)
        old = {name: (kept or {})[name] for name in secrets if _is_kept(name, values, kept or {})}
        filled = fill(schema, {**values, **self._sender.opened(old)})
        settings: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(filled, enc_hook=str))
        fresh = {name: self._sender.vault.seal(settings[name]) for name in secrets - old.keys() if settings[name]}
        return {**settings, **fresh, **old}

    def shown(self, target: Target) -> dict[str, Any]:
        """A target's settings as people may see them: for a secret whether there is one."""
        return {name: HIDDEN if is_sealed(value) else value for name, value in target.settings.items()}

    def address(self, target: Target) -> str:
        """Where whoever is told may send webhooks; empty where the target's plugin reads none."""
        if not self._sender.receives(target.plugin):
            return ""
        digits = self._sender.vault.sign(_signed(target.plugin, target.id))
        return f"{self._public_url}/hooks/{target.plugin}/{target.id}-{digits}"

    async def addressed(self, plugin: str, address: str) -> Target:
        """The target whose address this is. Raises Reject (404)."""
        number, _, digits = address.partition("-")
        if ROW.fullmatch(number) and self._sender.vault.is_signed(_signed(plugin, int(number)), digits):
            found = await asyncio.to_thread(self._sender.directory.target, int(number))
            if found is not None and found.is_enabled and found.plugin == plugin:
                return found
        raise Reject("no target has this address, or it is switched off; its settings show the address", status=404)

    async def test(self, target: Target, actor: str) -> Attempt:
        """Send a test message now and tell how it went; it is in the log like every other, and not tried again."""
        notification = await self._test_message(target, actor)
        attempt, _ = await self._sender.attempt(target, notification)
        return await self._sender.note(attempt)

    async def _test_message(self, target: Target, actor: str) -> Notification:
        project = await asyncio.to_thread(self._sender.directory.project, str(target.project))
        if project is None:
            raise Reject(f"project {target.project} is gone", status=404)
        return Notification(
            id=uuid.uuid4().hex,
            kind="test",
            project=project.id,
            project_slug=project.slug,
            project_name=project.name,
            title=f"Test message for {target.name!r}, sent by {actor}",
            at=time.time(),
            url=self._public_url,
        )

    async def again(self, attempt: Attempt) -> None:
        """Queue a delivery anew that was given up, and take it out of the dead letters. Raises Reject where there is
        nothing to repeat.
        """
        if attempt.outcome != "dead":
            raise Reject("only what was given up can be sent again", status=409)
        target = await asyncio.to_thread(self._sender.directory.target, attempt.target)
        if target is None:
            raise Reject("the target is gone", status=404)
        if not target.is_enabled:
            raise Reject("the target is switched off", status=409)
        task = Task(target.id, attempt.notification)
        await queue_task(self._need_bus(), target.plugin, task, again=f"-again-{attempt.id}")
        await forget_delivery(self._need_bus(), target.plugin, target.id, attempt.notification.id)

    def _need_bus(self) -> Bus:
        bus = self._bus()
        if bus is None:
            raise ConfigError("this process has no bus, so nothing can be queued")
        return bus


def _signed(plugin: str, target: int) -> str:
    return f"webhook {plugin} {target}"


def _is_kept(name: str, values: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    return is_sealed(kept.get(name)) and values.get(name, "") == ""
