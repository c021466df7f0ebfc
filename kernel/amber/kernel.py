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
from amber.context import Context, Services
from amber.deadletters import LetterDesk, Parts
from amber.dispatch import Dispatcher
from amber.errors import AmberError, ConfigError, PluginError
from amber.listeners import Listeners
from amber.logins import Logins
from amber.metrics import Metrics
from amber.model import Fact, IngestProtocol
from amber.networks import parse_networks
from amber.outbox import publish_fact
from amber.parked import ParkedBodies
from amber.paths import pattern_of
from amber.queues import QueueDesk
from amber.registry import Plugin, Registry, State
from amber.sending import Sender
from amber.spec import Kind, hooks
from amber.storing import Stores
from amber.targets import TargetDesk
from amber.vault import open_vault
from amber.version import version

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from amber.outbound import Http, Outbound

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
        self._engine: Engine | None = None
        self._listeners = Listeners()
        self._holders: dict[str, str] = {}
        self._started: list[str] = []
        self._switching = asyncio.Lock()
        self.on_closing: Callable[[str], Awaitable[None]] = _nobody_minds
        self.on_switched: Callable[[], Awaitable[None]] = _nobody_cares
        self.sender = Sender(
            self.registry, self.dispatcher, self.services, lambda: open_vault(settings.secrets.keys, data)
        )
        parse_networks(settings.outbound.allowed_networks)  # one that is none must be told now, not at first use
        self.services.http = self._way_out
        self.services.engine, self.services.listen = self.engine, self._listeners.add
        self.services.kernel = {
            "metrics": self.metrics,
            "public_url": settings.server.url,
            "plugins": self.report,
            "logins": Logins(self.dispatcher),
            "targets": TargetDesk(self.sender, settings.server.url, lambda: self.bus),
            "dead_letters": LetterDesk(
                Parts(lambda: self.bus, lambda: self.stores.directory, lambda: self.stores.blobs)
            ),
            "parked_bodies": ParkedBodies(lambda: self.bus, lambda: self.stores.blobs),
            "consumers": QueueDesk(lambda: self.bus, lambda: self.stores.directory),
        }

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
            for plugin in self.registry.running():
                await self._start(plugin)
        if bus is not None:
            await self._listeners.settle(bus)

    async def reconcile(self, settings: Settings, switches: Mapping[str, bool]) -> None:
        """Stop and start plugins until those run that should; what holds a role is left alone until a restart."""
        async with self._switching:
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

    def _is_needed(self, name: str) -> bool:
        """Whether nothing works without this plugin: it holds a role, or is the only one that scrubs."""
        return name in self._holders.values() or self.dispatcher.plugins("scrub_events") == [name]

    async def _disable(self, name: str) -> None:
        """Ask a plugin nothing more, let it finish what it has in hand, then let go of it."""
        self.dispatcher.retired.add(name)
        await self.on_closing(name)
        await self._take_leave(name)
        self._started.remove(name)
        await asyncio.to_thread(self.registry.close, name)
        self._listeners.forget(name)
        self.dispatcher.forget(name)
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
            self._listeners.forget(name)
            self.dispatcher.forget(name)
        log.info("plugin %s is %s", name, plugin.state)

    def _introduce(self, plugin: Plugin) -> None:
        """Tell the dispatcher about a plugin's context, rank and budget."""
        self.dispatcher.trusted = self.registry.trusted()
        manifest = plugin.manifest
        if manifest is not None:
            self.dispatcher.contexts[plugin.name] = Context(manifest, plugin.config, self.services)
            self.dispatcher.ranks[plugin.name] = manifest.order
            self.dispatcher.budgets[plugin.name] = manifest.budget_ms

    def _migrate(self, plugins: list[Plugin]) -> None:
        from amber.migrate import upgrade

        for plugin in plugins:
            folder = Path(str(getattr(plugin.module, "__file__", ""))).parent / "migrations"
            if folder.is_dir():
                try:
                    upgrade(self.engine(), plugin.name, folder)
                except ConfigError as error:
                    self.registry.fail(plugin.name, str(error))

    async def _fill_roles(self) -> None:
        for role, hook in hooks().items():
            if hook.kind is Kind.ROLE:
                self._holders[role] = plugin = self._holder(role)
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
        if named is None and len(able) != 1:
            raise ConfigError(f"exactly one plugin must hold the role {role}: {self._advice(role, able)}")
        return named or able[0]

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
        if self._engine is not None:
            self._engine.dispose()

    def _way_out(self, plugin: str, hosts: Sequence[str]) -> "Http":
        """A plugin's HTTP client."""
        return self._outbound.client(plugin, hosts)

    @cached_property
    def _outbound(self) -> "Outbound":
        from amber.outbound import Outbound  # most processes never send, and loading it is a tenth of their start

        return Outbound(self.settings.outbound.allowed_networks, f"Amber/{version()}")

    def engine(self) -> "Engine":
        """The relational database's engine, made on first use."""
        if self._engine is None:
            from amber.database import make_engine

            self._engine = make_engine(self.settings.database.url or f"sqlite:///{self.data / 'amber.db'}")
        return self._engine

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
            "enabled": plugin.is_wanted,
            "is_pinned": plugin.is_pinned,
            "is_switchable": not plugin.is_pinned and not self._is_needed(plugin.name),
            "calls": cost.calls,
            "errors": cost.errors,
            "p95_ms": round(cost.p95 * 1000, 2),
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
