"""Keeps what runs in this process in step with what people switched, with amber.toml and with what is installed."""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from amber.bus import SWITCHES, Bus, switch_subject
from amber.bus.reading import read_json
from amber.config import Settings
from amber.errors import ConfigError, Reject, Unavailable
from amber.kernel import Kernel
from amber.model import AuditEntry
from amber.registry import State

log = logging.getLogger("amber.switches")
PERIOD = 0.5
"""Seconds between looks at the file and at what is installed."""
READ_EVERY = 20
"""Periods between reads of the switches; every change rings as well."""


class Switch(Struct, frozen=True):
    """What somebody wants of a plugin. `at` is Unix seconds."""

    enabled: bool
    actor: str
    at: float


async def read_switches(bus: Bus) -> dict[str, bool]:
    """What people want of each plugin they ever switched. Raises Unavailable."""
    prefix = switch_subject("")
    found: dict[str, bool] = {}
    for message in await bus.browse(SWITCHES, 0, 10_000):
        with suppress(Reject):  # whatever somebody else put there is no switch of ours
            found[message.subject.removeprefix(prefix)] = read_json(message.data, Switch, "a switch").enabled
    return found


class Switchboard:
    """One for each process; `settings` reads amber.toml anew, `file` says where it is looked for."""

    def __init__(self, kernel: Kernel, bus: Bus, settings: Callable[[], Settings], file: Callable[[], Path]) -> None:
        self._kernel, self._bus, self._settings, self._file = kernel, bus, settings, file
        self._bell = asyncio.Event()
        self._known: Any = None
        self._switches: Mapping[str, bool] = kernel.registry.switches
        self._latest = kernel.settings
        kernel.services.kernel["toggle"] = self.toggle

    async def run(self) -> None:
        """Reconcile whenever something changed, until cancelled."""
        await self._bus.listen(SWITCHES.subjects, self._ring)
        await self._kernel.listen(("settings.changed",), lambda _: self._bell.set())
        periods = 0
        while True:
            is_rung = self._bell.is_set()
            self._bell.clear()
            try:
                is_due = periods % READ_EVERY == 0
                if is_due:
                    self._switches = await read_switches(self._bus)
                if is_due or is_rung:
                    is_rung |= await self._kernel.read_settings()
                await self._look(is_rung)
            except Unavailable as error:
                log.warning("what was switched cannot be read: %s; trying again", error)
            except Exception:  # whatever one plugin did to it, the next switch must be heard
                log.exception("plugins could not be brought into step; trying again")
            periods += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), PERIOD)

    async def _ring(self, subject: str, data: bytes) -> None:
        """Heed a switch as it passes by: it may be heard before it can be read."""
        switch = read_json(data, Switch, "a switch")
        self._switches = {**self._switches, subject.removeprefix(switch_subject("")): switch.enabled}
        self._bell.set()

    async def _look(self, is_rung: bool) -> None:
        seen = await asyncio.to_thread(lambda: (_stamp(self._file()), *(_stamp(Path(one)) for one in sys.path)))
        now = (seen, dict(self._switches))
        if now == self._known and not is_rung:
            return
        if self._known is None or seen[0] != self._known[0][0]:
            self._reread()
        self._known = now
        await self._kernel.reconcile(self._latest, self._switches)

    def _reread(self) -> None:
        try:
            self._latest = self._settings()
        except ConfigError as error:
            log.error("amber.toml changed and cannot be used, so nothing was switched: %s", error)

    async def refresh(self) -> None:
        """Look at the file and at what is installed now, and have this process follow."""
        await asyncio.to_thread(self._reread)
        await self._kernel.reconcile(self._latest, self._switches)

    async def toggle(self, name: str, enabled: bool, audit: AuditEntry) -> None:
        """Switch a plugin on or off in every process, and note who did; returns once this process has done it.

        Raises Reject: 404 for a plugin that is not installed, 409 for one that cannot be switched, with the reason.
        """
        await self.refresh()
        plugin = next((row for row in self._kernel.report() if row["name"] == name), None)
        if plugin is None:
            raise Reject(f"there is no plugin {name!r}: install it, or check its name", status=404)
        if plugin["is_pinned"]:
            raise Reject(f"amber.toml decides about {name}: change [plugins.{name}] enabled there", status=409)
        if not enabled and not plugin["is_switchable"]:
            raise Reject(f"{name} holds a role Amber cannot do without", status=409)
        if enabled and plugin["state"] == State.INCOMPATIBLE:
            raise Reject(f"{name} cannot run: {plugin['reason']}", status=409)
        switch = Switch(enabled, audit.actor, audit.at)
        await self._bus.publish(switch_subject(name), msgspec.json.encode(switch))
        before, after = {"enabled": plugin["enabled"]}, {"enabled": enabled}
        entry = msgspec.structs.replace(audit, subject=f"plugin:{name}", before=before, after=after)
        await asyncio.to_thread(self._kernel.stores.directory.note_change, entry)
        self._switches = await read_switches(self._bus)
        await self._kernel.reconcile(self._latest, self._switches)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
