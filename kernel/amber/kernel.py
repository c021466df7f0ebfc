"""One process's Amber: everything it owns, put together and taken apart in one place."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from amber.bus import Bus
from amber.config import Settings
from amber.delivering.sending import Sender
from amber.desks.deadletters import LetterDesk, Parts
from amber.desks.overrides import Overrides
from amber.desks.pages import PageDesk
from amber.desks.queues import QueueDesk
from amber.desks.settings import SettingsDesk, SettingsParts
from amber.desks.targets import TargetDesk
from amber.digesting.outbox import publish_fact
from amber.digesting.storing import Stores
from amber.errors import AmberError, ConfigError, PluginError
from amber.identity.logins import Logins
from amber.listeners import Listeners
from amber.metrics import Metrics
from amber.model import Fact, IngestProtocol
from amber.parked import ParkedBodies
from amber.plugin.context import Context, Services
from amber.plugin.dispatch import Dispatcher
from amber.plugin.networks import parse_networks
from amber.plugin.spec import Kind, hooks
from amber.registry import Plugin, Registry, State
from amber.tables.vault import open_vault
from amber.version import version
from amber.wire.paths import pattern_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from amber.plugin.outbound import Http, Outbound
    from amber.tables.fences import Databases

log = logging.getLogger("amber.kernel")


class Kernel:
    """Owns the plugins, the stores and the counters of one process. Two can live side by side."""

    def __init__(self, settings: Settings, data: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.settings, self.data = settings, data
        self.metrics = Metrics()
        self.registry = Registry(settings, environment)
        self.dispatcher = Dispatcher(self.registry.manager, self.metrics)
        self.services = Services(data)
        self.bus: Bus | None = None
        self._databases: Databases | None = None
        self._listeners = Listeners()
        self._started: list[str] = []
        self._switching = asyncio.Lock()
        self._latest = settings
        self.on_closing: Callable[[str], Awaitable[None]] = _nobody_minds
        self.on_switched: Callable[[], Awaitable[None]] = _nobody_cares
        self.sender = Sender(
            self.registry, self.dispatcher, self.services, lambda: open_vault(settings.secrets.keys, data)
        )
        parse_networks(settings.outbound.allowed_networks)  # one that is none must be told now, not at first use
        self.services.http = self._way_out
        self.overrides = Overrides(self.registry, lambda: self.sender.vault)
        self.registry.open_stored, self.services.settings = self.overrides.opened, self.overrides.settings
        self.dispatcher.is_off = self.overrides.is_off
        self.services.engine, self.services.listen = self._engine_of, self._listeners.add
        self.services.refused = self.metrics.refused
        self.services.kernel = {
            "metrics": self.metrics,
            "public_url": settings.server.url,
            "plugins": self.report,
            "logins": Logins(self.dispatcher),
            "pages": PageDesk(self.registry, self.dispatcher),
            "settings": SettingsDesk(self._settings_parts()),
            "targets": TargetDesk(self.sender, settings.server.url, lambda: self.bus),
            "dead_letters": LetterDesk(
                Parts(lambda: self.bus, lambda: self.stores.directory, lambda: self.stores.blobs)
            ),
            "parked_bodies": ParkedBodies(lambda: self.bus, lambda: self.stores.blobs),
            "consumers": QueueDesk(lambda: self.bus, lambda: self.stores.directory),
        }

    def _settings_parts(self) -> SettingsParts:
        vault, directory = (lambda: self.sender.vault), (lambda: self.stores.directory)
        return SettingsParts(self.registry, self.overrides, vault, directory, self._is_needed, self._settle)

    async def start(self, bus: Bus | None = None, *, is_storing: bool = True) -> None:
        """Load plugins, migrate, fill the roles, start the plugins.

        Without a bus nothing can be published (the command line); with `is_storing` off plugins are only looked at.
        Raises ConfigError when a role cannot be filled.
        """
        self.bus = bus
        if bus is not None:
            self.services.publish = self._publish
        self.registry.load()
        self.dispatcher.order = self.settings.order
        for plugin in self.registry.running():
            self._introduce(plugin)
        if is_storing:
            self.engine()  # a URL nobody can use is one problem, not one of each plugin
            await asyncio.to_thread(self._migrate, self.registry.running())
            await self._fill_roles()
            await self._heed_settings()
            for plugin in self.registry.running():
                await self._start(plugin)
        if bus is not None:
            await self._listeners.settle(bus)

    async def reconcile(self, settings: Settings, switches: Mapping[str, bool]) -> None:
        """Stop and start plugins until those run that should; what holds a role is left alone until a restart."""
        async with self._switching:
            self._latest = settings
            plan = await asyncio.to_thread(self.registry.plan, settings, switches)
            held = {name for name in plan.stop if self._is_needed(name)}
            for name in held:
                log.warning("Amber cannot do without plugin %s: restart it for what changed about that plugin", name)
                self.registry.plugins[name].tried = None
            for name in plan.stop:
                if name not in held:
                    await self._disable(name)
            started = [name for name in plan.start if name not in held]
            for name in started:
                await self._enable(name)
            if started or set(plan.stop) - held:
                await self.on_switched()

    async def read_settings(self) -> bool:
        """Go by what people set for plugins; whether that changed. Raises Unavailable."""
        is_changed = self.overrides.take(await asyncio.to_thread(self.stores.directory.plugin_settings))
        every = self.overrides.of_installation().items()
        self.registry.stored = {name: values for name, values in every if not self._is_needed(name)}
        return is_changed

    async def _heed_settings(self) -> None:
        """Load plugins anew for which something was set: it stands in the directory, which is a plugin's itself."""
        await self.read_settings()
        for name in self.registry.outdated():
            await asyncio.to_thread(self.registry.reopen, name)
            plugin = self.registry.plugins[name]
            if plugin.state is State.RUNNING:
                self._introduce(plugin)
                await asyncio.to_thread(self._migrate, [plugin])

    async def _settle(self) -> None:
        """Let this process go by what was just set for a plugin."""
        await self.read_settings()
        await self.reconcile(self._latest, self.registry.switches)

    def _is_needed(self, name: str) -> bool:
        """Whether nothing works without this plugin: it holds a role, or is the only one that scrubs."""
        return name in self.dispatcher.holders.values() or self.dispatcher.plugins("scrub_events") == [name]

    async def _disable(self, name: str) -> None:
        """Ask a plugin nothing more, let it finish what it has in hand, then let go of it."""
        self.dispatcher.retired.add(name)
        await self.on_closing(name)
        await self._take_leave(name)
        self._started = [one for one in self._started if one != name]
        await asyncio.to_thread(self.registry.close, name)
        self._forget(name)
        log.info("plugin %s is switched off", name)

    async def _take_leave(self, name: str) -> None:
        if self.dispatcher.answers(name, "plugin_stop"):
            with contextlib.suppress(PluginError):  # logged and counted where it happened; it goes all the same
                await self.dispatcher.ask(name, "plugin_stop", lambda value: value)

    async def _enable(self, name: str) -> None:
        """Load, migrate and start a plugin; it is asked nothing else before all of that is done."""
        self.dispatcher.retired.add(name)
        await asyncio.to_thread(self.registry.open, name)
        plugin = self.registry.plugins[name]
        if plugin.placing.isolation != "inline":
            self.dispatcher.retired.discard(name)
            return
        if plugin.state is State.RUNNING:
            plugin.state = State.STARTING
            self._introduce(plugin)
            await asyncio.to_thread(self._migrate, [plugin])
        if plugin.state is State.STARTING:
            await self._start(plugin)
        if plugin.state is State.STARTING:
            plugin.state = State.RUNNING
            if self.bus is not None:
                await self._listeners.settle(self.bus)
            self.dispatcher.retired.discard(name)
        else:
            self._forget(name)
        log.info("plugin %s is %s", name, plugin.state)

    def _forget(self, name: str) -> None:
        """Let go of what belongs to a plugin that was switched off."""
        self._listeners.forget(name)
        self.dispatcher.forget(name)
        if self._databases is not None:
            self._databases.close(name)

    async def welcome(self, name: str, proxy: Any) -> None:
        """Ask a plugin from now on that runs elsewhere and has said hello."""
        async with self._switching:
            plugin = self.registry.plugins.get(name)
            if plugin is None or plugin.state is not State.STARTING:
                return  # it was switched off meanwhile
            self.registry.welcome(name, proxy)
            self._introduce(plugin)
            await self.on_switched()

    def _introduce(self, plugin: Plugin) -> None:
        """Tell the dispatcher about a plugin's context, rank and budget."""
        self.dispatcher.trusted = self.registry.trusted()
        manifest = plugin.manifest
        if manifest is not None:
            self.dispatcher.contexts[plugin.name] = Context(manifest, plugin.config, self.services, plugin.folder)
            self.dispatcher.ranks[plugin.name] = manifest.order
            self.dispatcher.budgets[plugin.name] = manifest.budget_ms

    def _migrate(self, plugins: list[Plugin]) -> None:
        from amber.tables.migrate import upgrade

        for plugin in plugins:
            folder, manifest = plugin.folder / "migrations", plugin.manifest
            if manifest is not None and folder.is_dir():
                try:
                    upgrade(self.engine(), plugin.name, folder, manifest.rights.tables)
                except ConfigError as error:
                    self.registry.fail(plugin.name, str(error))

    async def _fill_roles(self) -> None:
        for role, hook in hooks().items():
            if hook.kind is Kind.ROLE:
                self.dispatcher.holders[role] = plugin = self._holder(role)
                try:
                    self.services.roles[role] = await self.dispatcher.ask(plugin, role, _present)
                except (PluginError, AmberError) as error:
                    raise ConfigError(f"the role {role} cannot be filled: {error}") from error

    def _holder(self, role: str) -> str:
        able = self.dispatcher.plugins(role)
        named = self.settings.roles.get(role)
        if named is not None and named not in able:
            known = self.registry.plugins.get(named)
            reason = f": {known.reason}" if known is not None and known.reason else ""
            raise ConfigError(f"[roles] {role} = {named!r}, but that plugin is not running or has no such role{reason}")
        own = [one for one in able if one in self.dispatcher.trusted] or able  # who is added takes over nothing unasked
        if named is None and len(own) != 1:
            raise ConfigError(f"exactly one plugin must hold the role {role}: {self._advice(role, able)}")
        return named or own[0]

    def _advice(self, role: str, able: list[str]) -> str:
        if able:
            return f"set [roles] {role} to {' or '.join(able)}"
        failed = [f"{one.name}: {one.reason}" for one in self.registry.plugins.values() if one.state is State.FAILED]
        return f"none that could is running ({'; '.join(failed) or 'install or enable a storage plugin'})"

    async def _start(self, plugin: Plugin) -> None:
        if self.dispatcher.answers(plugin.name, "plugin_start"):
            try:
                await self.dispatcher.ask(plugin.name, "plugin_start", lambda value: value)
            except AmberError as error:
                self.registry.fail(plugin.name, f"it could not start: {error}")
                return
        self._started.append(plugin.name)

    async def stop(self) -> None:
        """Let go of everything."""
        for name in self._started:
            await self._take_leave(name)
        self.dispatcher.close()
        if self.bus is not None:
            await self.bus.close()
        if self._databases is not None:
            self._databases.close_all()
            self._databases.engine.dispose()

    def _way_out(self, plugin: str, hosts: Sequence[str]) -> "Http":
        """A plugin's HTTP client."""
        return self._outbound.client(plugin, hosts)

    @cached_property
    def _outbound(self) -> "Outbound":
        from amber.plugin.outbound import (
            Outbound,  # most processes never send, and loading it is a tenth of their start
        )

        networks, agent = self.settings.outbound.allowed_networks, f"Amber/{version()}"
        return Outbound(networks, agent, refused=self.metrics.refused)

    def engine(self) -> "Engine":
        """The relational database's engine, made on first use."""
        return self._opened().engine

    def _engine_of(self, plugin: str, tables: Sequence[str]) -> "Engine":
        """A plugin's engine."""
        return self._opened().of(plugin, tables)

    def _opened(self) -> "Databases":
        if self._databases is None:
            from amber.tables.database import make_engine  # SQLAlchemy is a third of a command's start, and few need it
            from amber.tables.fences import Databases

            engine = make_engine(self.settings.database.url or f"sqlite:///{self.data / 'amber.db'}")
            self._databases = Databases(engine, self.metrics.refused)
        return self._databases

    @property
    def stores(self) -> Stores:
        """The stores that hold the roles."""
        roles = self.services.roles
        return Stores(roles["event_store"], roles["issue_store"], roles["blob_store"], roles["directory"])

    async def protocols(self) -> dict[str, IngestProtocol]:
        """Every protocol that running plugins speak, by the plugin's name."""
        found = await self.dispatcher.collect("ingest_protocols", _protocols)
        return {answer.plugin: protocol for answer in found for protocol in answer.value}

    async def _publish(self, fact: Fact) -> None:
        if self.bus is None:
            raise ConfigError("this process has no bus")
        await publish_fact(self.bus, fact)

    async def listen(self, kinds: tuple[str, ...], callback: Callable[[Fact], None]) -> None:
        """Call back in this process for every fact of these types; for the kernel's own caches."""
        for kind in kinds:
            self._listeners.add("kernel", kind, callback)
        if self.bus is not None:
            await self._listeners.settle(self.bus)

    def report(self) -> list[dict[str, Any]]:
        """Every plugin with its state, the reason for it, its rights and what it cost in this process."""
        return [self._describe(plugin) for plugin in self.registry.plugins.values()]

    def _describe(self, plugin: Plugin) -> dict[str, Any]:
        manifest, cost = plugin.manifest, self.metrics.cost(plugin.name)
        state, reason = plugin.state, plugin.reason
        if state is State.RUNNING and self.dispatcher.breaker.is_tripped(plugin.name):
            state, reason = State.TRIPPED, f"it failed too often; last: {cost.last_error}"
        keeps = plugin.placing.isolation == "process"
        return {
            "name": plugin.name,
            "title": manifest.title if manifest else plugin.name,
            "summary": manifest.summary if manifest else "",
            "distribution": plugin.distribution,
            "version": plugin.version,
            "families": list(manifest.families) if manifest else [],
            "stability": manifest.stability if manifest else "",
            "rights": msgspec.to_builtins(manifest.rights) if manifest else {},
            "state": state.value,
            "reason": reason,
            "isolation": plugin.placing.isolation,
            "enabled": plugin.is_wanted,
            "is_pinned": plugin.is_pinned,
            "is_switchable": not plugin.is_pinned and not self._is_needed(plugin.name),
            "calls": cost.calls,
            "errors": cost.errors,
            "refused": cost.refused,
            "p95_ms": round(cost.p95 * 1000, 2),
            "memory_bytes": plugin.memory_bytes if keeps else None,
            "restarts": plugin.restarts if keeps else None,
            "last_error": cost.last_error,
        }


async def _nobody_minds(plugin: str) -> None:
    """Nobody in this process has to finish anything for a plugin that is switched off."""


async def _nobody_cares() -> None:
    """Nobody in this process has to be told that other plugins run now."""


def _present(value: Any) -> Any:
    if value is None:
        raise TypeError("answered None instead of a store")
    return value


def _protocols(value: Any) -> list[IngestProtocol]:
    if not all(isinstance(one, IngestProtocol) for one in value):
        raise TypeError("ingest_protocols answered something else than IngestProtocols")
    for route in (route for protocol in value for route in protocol.routes):
        pattern_of(route)
    return list(value)
