"""One notification on its way to one target: the settings opened, the plugin asked, the try written down."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, cast

from msgspec import Struct

from amber.errors import AmberError, PluginError, Reject
from amber.model import Attempt, Directory, Notification, Receipt, Target
from amber.plugin.context import Services
from amber.plugin.dispatch import Dispatcher, check_fields
from amber.plugin.forms import fill
from amber.registry import Plugin, Registry
from amber.tables.vault import Vault, is_sealed

log = logging.getLogger("amber.sending")
LONGEST_DETAIL = 1000


class NoSettings(Struct, frozen=True):
    """What a target holds whose plugin asks for nothing."""


class Sender:
    """Sends now, in this process. `open_vault` is asked when the first secret is met."""

    def __init__(
        self, registry: Registry, dispatcher: Dispatcher, services: Services, open_vault: Callable[[], Vault]
    ) -> None:
        self._registry, self._dispatcher, self._services = registry, dispatcher, services
        self._open_vault = open_vault

    @cached_property
    def vault(self) -> Vault:
        """What opens the secrets."""
        return self._open_vault()

    @property
    def directory(self) -> Directory:
        """Where targets and attempts are kept."""
        return cast("Directory", self._services.roles["directory"])

    def plugins(self) -> list[Plugin]:
        """The plugins that deliver and run."""
        known = self._registry.plugins
        return [known[name] for name in self._dispatcher.plugins("deliver") if name in known]

    def schema(self, plugin: str) -> type[Struct]:
        """The Struct that says what a target of this plugin needs. Raises Reject if the plugin does not run."""
        if not self._dispatcher.answers(plugin, "deliver"):
            raise Reject(f"plugin {plugin} is not running, or delivers nothing; `amber plugins` says which it is")
        found = self._registry.plugins.get(plugin)
        return cast("type[Struct]", getattr(found and found.module, "TargetConfig", NoSettings))

    def opened(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with their secrets readable. Raises Reject where a key is missing."""
        return {name: self.vault.open(value) if is_sealed(value) else value for name, value in settings.items()}

    async def settings(self, target: Target) -> Struct:
        """What a target holds, as its plugin is handed it. Raises Reject where that cannot be used."""
        try:
            return fill(self.schema(target.plugin), await asyncio.to_thread(self.opened, target.settings))
        except Reject as error:
            raise Reject("; ".join((error.detail, *error.causes))) from error

    def receives(self, plugin: str) -> bool:
        """Whether a plugin reads what is sent to the addresses of its targets."""
        return self._dispatcher.answers(plugin, "receive_webhook")

    async def attempt(
        self, target: Target, notification: Notification, number: int = 1
    ) -> tuple[Attempt, AmberError | None]:
        """Try once, now: how it went, and what it failed with. The try is not written down yet."""
        at, started = time.time(), time.perf_counter()
        failure: AmberError | None = None
        try:
            detail = (await self._ask(target, notification)).detail
        except AmberError as error:
            failure, detail = error, words(error)
        seconds = time.perf_counter() - started
        outcome: Literal["delivered", "failed"] = "failed" if failure else "delivered"
        return Attempt(target.id, notification, number, at, seconds, outcome, shorten(detail)), failure

    async def _ask(self, target: Target, notification: Notification) -> Receipt:
        arguments = {"notification": notification, "target": await self.settings(target)}
        return await self._dispatcher.ask(target.plugin, "deliver", _receipt, **arguments)

    async def note(self, attempt: Attempt) -> Attempt:
        """Write a try down. What was sent is sent: if the log cannot be written, nothing is sent once more for it."""
        try:
            return await asyncio.to_thread(self.directory.note_attempt, attempt)
        except Exception as error:  # whatever it is, it is no reason to tell people the same thing twice
            log.error("target %d: the delivery log lacks a try (%s): %s", attempt.target, attempt.outcome, error)
            return attempt


def _receipt(value: Any) -> Receipt:
    if not isinstance(value, Receipt):
        raise TypeError("deliver answered something else than a Receipt")
    check_fields(value)
    return value


def shorten(detail: str) -> str:
    """What a receiver said, fit to be kept: printable, one paragraph, not endless."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in detail).split())
    return plain if len(plain) <= LONGEST_DETAIL else f"{plain[: LONGEST_DETAIL - 1]}…"


def words(error: AmberError) -> str:
    """What went wrong, for people: without the names of plugin and hook, which they see beside it."""
    if isinstance(error, PluginError):
        return error.cause if isinstance(error.cause, str) else f"{type(error.cause).__name__}: {error.cause}"
    return str(error)
