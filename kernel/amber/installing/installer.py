"""Installs, upgrades, removes and purges plugins beside running processes: a step that fails undoes those before it."""

import asyncio
import fcntl
import importlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from amber.bus import Bus
from amber.errors import AmberError, PluginError, Reject
from amber.installing import leaving, pip, site, tables
from amber.installing.leaving import Leaving
from amber.installing.offers import examine, read
from amber.installing.places import misplaced
from amber.installing.rehearsal import rehearse
from amber.installing.smoke import Trial
from amber.installing.traces import OnBus, Traces, drop_from_stores, traces_of
from amber.installing.undo import Undo
from amber.kernel import Kernel
from amber.model import AuditEntry, Offer
from amber.plugin.spec import hooks
from amber.registry import State, first_party, placing
from amber.switches import Switchboard
from amber.watching.status import PERIOD

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE = 30.0
"""Seconds in which every process should run what was installed."""
ASKS = "admit_offer"
OFF = (State.DISABLED, State.FAILED, State.INCOMPATIBLE)


class Installed(Struct, frozen=True):
    """How a plugin of an offer stands now: its state, and the reason where it does not run."""

    plugin: str
    state: str
    reason: str = ""


class Installer:
    """What plugins reach as `ctx.kernel("installer")`. Without a switchboard no Amber runs: then amber.toml is told.

    `file` says where amber.toml is. Every refusal is a Reject with one sentence, and then nothing was changed.
    """

    def __init__(self, kernel: Kernel, switchboard: Switchboard | None, file: Callable[[], Path]) -> None:
        self._kernel, self._board, self._file = kernel, switchboard, file
        self._cellar = kernel.data / "wheels"

    async def examine(self, source: "str | Path", sha256: str = "") -> Offer:
        """What a wheel, a folder or a name that pip knows offers; nothing of it is run or installed."""
        return await asyncio.to_thread(examine, source, self._cellar, sha256)

    async def read(self, source: "str | Path", folder: Path) -> Offer:
        """What a wheel or a project's folder holds, wherever it could run; its wheel is put into `folder`."""
        return await asyncio.to_thread(read, source, folder)

    async def install(self, offer: Offer, audit: AuditEntry) -> list[Installed]:
        """Install or upgrade what was examined, in every process, and start it; how each of its plugins stands then.

        One that was switched off before stays off, as does one that needs settings first.
        """
        await self._ask(offer)
        async with self._alone():
            trials = await _whole(rehearse, offer)
            self._check_places(offer, trials)
            before = {row["name"]: bool(row["enabled"]) for row in self._rows()}
            undo = Undo(self._cellar / "undo")
            await _whole(undo.keep, [pin.partition(" @ ")[0] for pin in offer.pins])
            try:
                await _whole(pip.put, offer.pins)
                importlib.invalidate_caches()
                standing = await self._start(offer, trials, before, audit)
            except BaseException:
                await self._take_back(offer, before, undo, audit)
                raise
            await asyncio.to_thread(undo.forget)
            await asyncio.to_thread(shutil.rmtree, offer.wheel.parent, ignore_errors=True)
            await self._note(audit, offer.distribution, offer.installed, offer.version)
            return standing

    async def _ask(self, offer: Offer) -> None:
        """Raise Reject where a plugin does not admit the offer; one that cannot answer does not admit it."""
        ask = self._kernel.dispatcher
        for plugin in ask.plugins(ASKS) if ASKS in hooks() else ():
            try:
                refusal = await ask.ask(plugin, ASKS, lambda value: value, offer=offer)
            except PluginError as error:
                refusal = f"{plugin} could not decide about it: {error.cause}"
            if refusal:
                raise Reject(str(refusal), status=403)

    def _check_places(self, offer: Offer, trials: Sequence[Trial]) -> None:
        """Raise Reject where a plugin cannot run where it is meant to."""
        is_ours = offer.distribution.lower() in first_party()
        for plugin, trial in zip(offer.plugins, trials, strict=True):
            place = placing(plugin.name, self._kernel.registry.table(plugin.name), is_ours)
            if reason := misplaced(plugin, trial, place.isolation):
                raise Reject(f"{offer.distribution} {offer.version} was not installed: {reason}", status=409)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One installation at a time, whoever asked for it; one that was interrupted is taken back first."""
        self._cellar.mkdir(parents=True, exist_ok=True)
        with (self._cellar / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Reject("another plugin is being installed or removed: try again later", status=409) from None
            await _whole(Undo(self._cellar / "undo").roll_back)
            yield

    async def _start(
        self, offer: Offer, trials: Sequence[Trial], before: dict[str, bool], audit: AuditEntry
    ) -> list[Installed]:
        started, found = [], []
        for trial in trials:
            name, given = trial.plugin, self._kernel.settings.plugins.get(trial.plugin, {})
            if missing := [key for key in trial.missing if key not in given]:
                reason = f"it needs settings first: {', '.join(missing)}; write them under [plugins.{name}]"
                found.append(Installed(name, State.DISABLED, reason))
            elif name in before and not before[name] and offer.installed:
                found.append(Installed(name, State.DISABLED, "it was switched off before, and stays so"))
            else:
                await self._switch(name, True, audit)
                started.append(name)
        if self._board is None:
            return [*found, *(Installed(name, State.FOUND, "it will run when Amber is started") for name in started)]
        return [*found, *[await self._settled(name, offer.version) for name in started]]

    async def _switch(self, name: str, enabled: bool, audit: AuditEntry) -> None:
        if self._board is None:
            await asyncio.to_thread(tables.enable, self._file(), name, enabled)
            return
        await self._board.refresh()
        row = self._row(name)
        if row is None or not row["is_pinned"]:
            await self._board.toggle(name, enabled, audit)

    async def _settled(self, name: str, version: str) -> Installed:
        """How a plugin stands once every process has spoken. Raises Reject where it does not run."""
        deadline = time.monotonic() + PATIENCE
        await asyncio.sleep(2 * PERIOD)
        while time.monotonic() < deadline:
            row = self._row(name)
            if row is not None and row["state"] == State.RUNNING and row["version"] == version:
                return Installed(name, State.RUNNING)
            if row is not None and row["state"] in (State.FAILED, State.INCOMPATIBLE):
                break
            if row is not None and row["isolation"] == "remote" and row["version"] == version:
                how = f"start it where it shall run; `amber plugins credentials {name}` prints what it needs to log in"
                return Installed(name, row["state"], how)
            await asyncio.sleep(0.1)
        row = self._row(name)
        if row is not None and row["is_pinned"] and not row["enabled"]:
            return Installed(name, State.DISABLED, row["reason"])
        reason = f"{row['state']}: {row['reason']}" if row else "nobody sees it"
        raise Reject(f"{name} {version} was not installed, since it does not run; {reason}", status=409)

    async def _take_back(self, offer: Offer, before: dict[str, bool], undo: Undo, audit: AuditEntry) -> None:
        for plugin in offer.plugins:
            if not before.get(plugin.name):
                with suppress(AmberError):  # it could not be switched on either, or amber.toml decides
                    await self._switch(plugin.name, False, audit)
        await _whole(undo.roll_back)
        importlib.invalidate_caches()
        if self._board is not None:
            await self._board.refresh()

    async def remove(self, name: str, audit: AuditEntry) -> Leaving:
        """Let a plugin finish what it has in hand, and uninstall its distribution; its tables and settings stay."""
        async with self._alone():
            going = await asyncio.to_thread(leaving.leaving, name)
            for one in going.plugins:
                await asyncio.to_thread(leaving.remember, self._cellar, one)
                await self._silence(one, audit)
            await _whole(pip.take_away, [going.distribution])
            importlib.invalidate_caches()
            if self._board is not None:
                await self._board.refresh()
            await self._note(replace(audit, action="plugin.remove"), going.distribution, going.version, "")
            return going

    async def _silence(self, name: str, audit: AuditEntry) -> None:
        if self._board is None:
            if await asyncio.to_thread(tables.has_table, self._file(), name):
                await asyncio.to_thread(tables.enable, self._file(), name, False)
            return
        await self._board.refresh()
        row = self._row(name)
        if row is None or not row["enabled"]:
            return
        if row["is_pinned"]:
            raise Reject(f"amber.toml says that {name} runs: change [plugins.{name}] enabled there first", status=409)
        await self._board.toggle(name, False, audit)

    async def kept_by(self, name: str) -> Traces:
        """What a plugin has, or left behind. Raises Reject (404) where nothing is known of it, Unavailable."""
        manifest = await asyncio.to_thread(leaving.remembered, self._cellar, name)
        tables = await asyncio.to_thread(leaving.tables_of, self._kernel.engine(), manifest)
        return await traces_of(self._kernel, self._bus(), name, tables)

    def _bus(self) -> Bus:
        if self._kernel.bus is None:
            raise Reject("start Amber first: what a plugin has on the bus can be reached only then", status=409)
        return self._kernel.bus

    async def purge(self, name: str, audit: AuditEntry) -> Traces:
        """Drop all that a plugin that is switched off or gone has kept, wherever that is; what it was."""
        async with self._alone():
            row = self._row(name)
            if row is not None and row["state"] not in OFF:
                raise Reject(f"{name} is {row['state']}: switch it off or remove it first", status=409)
            kept, is_gone = await self.kept_by(name), name not in await asyncio.to_thread(site.owners)
            await OnBus(self._kernel, self._bus(), name).drop(audit, is_gone=is_gone)
            await asyncio.to_thread(drop_from_stores, self._kernel, name, audit)
            await asyncio.to_thread(leaving.drop_tables, self._kernel.engine(), name, kept.tables)
            await asyncio.to_thread(shutil.rmtree, self._kernel.data / "plugins" / name, ignore_errors=True)
            await asyncio.to_thread(tables.forget, self._file(), name, is_gone=is_gone)
            await asyncio.to_thread(leaving.forget, self._cellar, name)
            await self._note(replace(audit, action="plugin.purge"), name, ", ".join(kept.tables), "")
            return kept

    async def _note(self, audit: AuditEntry, subject: str, before: str, after: str) -> None:
        if "directory" in self._kernel.services.roles:
            told = replace(audit, subject=f"plugin:{subject}", before={"version": before}, after={"version": after})
            await asyncio.to_thread(self._kernel.stores.directory.note_change, told)

    def _rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._kernel.services.kernel["plugins"]()
        return found

    def _row(self, name: str) -> dict[str, Any] | None:
        return next((row for row in self._rows() if row["name"] == name), None)


async def _whole(function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Run it in a thread to its end: what is half done when somebody cancels could not be taken back."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *given, **named))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
