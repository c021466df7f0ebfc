"""Plugins that do not run here: their processes kept alive (by workers), and what they say of themselves heard."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from amber.config import plugin_values
from amber.errors import AmberError, ConfigError, Reject, Unavailable
from amber.hosting.ends import ENDS
from amber.hosting.logins import bus_of, login_name
from amber.hosting.proxy import Peer, ProcessEnded, Proxy
from amber.hosting.refusals import Refusals
from amber.hosting.rpc import Given, Hello, PluginFailed
from amber.hosting.tenant import child_of
from amber.hosting.warden import descendants, resident
from amber.kernel import Kernel
from amber.plugin.manifest import Manifest, Rights
from amber.processes.natsserver import OWNER
from amber.processes.supervisor import Supervisor
from amber.registry import Plugin, State

log = logging.getLogger("amber.hosts")
PERIOD, EAGER = 0.5, 0.1
"""Seconds between two looks at which plugins there are, and at one that is being started."""
LOOK = 3.0
"""Seconds between two looks at a plugin that works."""
ANSWER, SILENT = 2.0, 3
"""Seconds a plugin may take to say hello, and how often in a row it may be late before its process is ended."""
RIGHTS = frozenset((*Rights.__struct_fields__, "networks"))
"""What a plugin can be without a right to."""
START = 30.0
"""Seconds a process may take until it says hello for the first time."""


class Hosts:
    """Those of one process. A worker gives a supervisor, and so has a process of every plugin that wants one."""

    def __init__(self, kernel: Kernel, supervisor: Supervisor | None = None) -> None:
        self._kernel, self._supervisor = kernel, supervisor
        self._known: dict[str, Guest] = {}
        is_ours = kernel.settings.bus.user == OWNER and (kernel.data / "nats").is_dir()
        self._refusals = Refusals(kernel.data / "nats") if is_ours and supervisor is not None else None

    async def run(self) -> None:
        """Follow what is installed and switched, until cancelled."""
        while True:
            await self._settle()
            await self._hear_of_refusals()
            await asyncio.sleep(PERIOD)

    async def _settle(self) -> None:
        wanted = {plugin.name: plugin for plugin in self._kernel.registry.plugins.values() if _is_elsewhere(plugin)}
        for name, known in tuple(self._known.items()):
            if wanted.get(name) is not known.plugin:
                del self._known[name]
                await known.close()
        for name, plugin in wanted.items():
            if name not in self._known and plugin.manifest is not None:
                self._known[name] = guest = Guest(self._kernel, plugin, plugin.manifest, self._supervisor)
                guest.tells_refusals = self._refusals is None and self._supervisor is not None
                guest.open()

    async def _hear_of_refusals(self) -> None:
        """Count what the server says it refused plugins, whichever client they used."""
        if self._refusals is not None:
            told = await asyncio.to_thread(self._refusals.fresh)
            for name in {name for name, _ in told} & self._known.keys():
                words = [what for one, what in told if one == name]
                self._known[name].note_refusals(len(words), words[-1])

    async def close(self) -> None:
        """Listen to none, and end their processes."""
        await asyncio.gather(*(guest.close() for guest in self._known.values()))
        self._known.clear()
        if self._refusals is not None:
            self._refusals.close()


def _is_elsewhere(plugin: Plugin) -> bool:
    """Whether a plugin was told to run, and not here; one that failed stays, to say why to whoever asks."""
    return plugin.placing.isolation != "inline" and plugin.tried is not None


def _more(now: int, before: int) -> int:
    """How many came since; a process that was started anew counts from 0 again. Few enough to be counted one by one."""
    return min(1000, now - before if now >= before else now)


class Guest:
    """One plugin elsewhere, as this process sees it."""

    def __init__(self, kernel: Kernel, plugin: Plugin, manifest: Manifest, supervisor: Supervisor | None) -> None:
        self.plugin, self._manifest, self._kernel = plugin, manifest, kernel
        self._name = login_name(plugin.name)
        self._supervisor = supervisor if plugin.placing.isolation == "process" else None
        # a worker asks the process it keeps, so that what hangs or dies there is known to those whom it concerns
        self._process = token_hex(4) if self._supervisor is not None else ""
        self._peer = Peer(manifest, lambda: kernel.bus, self._process)
        self._listening: asyncio.Task[None] | None = None
        self._silent, self._refused, self._born = 0, 0, time.monotonic()
        self._overstepped: Mapping[str, int] = {}
        self.tells_refusals = False

    def open(self) -> None:
        """Start its process, where that is ours to do, and begin to listen to it."""
        try:
            if self._supervisor is not None:
                self._supervisor.start(child_of(self._given(), self.plugin.placing.memory_mb, self._ended))
        except (ConfigError, Reject) as error:
            self._supervisor = None
            self._fail(str(error))
        else:
            self._listening = asyncio.create_task(self._listen())

    def _given(self) -> Given:
        """Raises ConfigError where a variable is missing that the plugin's table names, Reject for a missing key."""
        kernel, plugin = self._kernel, self.plugin
        return Given(
            self._manifest,
            plugin.place,
            plugin.version,
            plugin.build,
            plugin_values(kernel.registry.table(plugin.name), kernel.registry.environment),
            bus_of(plugin.name, kernel.settings.bus),
            str(kernel.data),
            kernel.settings.outbound.allowed_networks,
            kernel.overrides.opened(kernel.registry.stored.get(plugin.name, {})),
            self._process,
        )

    async def close(self) -> None:
        """Listen no more; end its process."""
        if self._listening is not None:
            self._listening.cancel()
        if self._supervisor is not None:
            await self._supervisor.stop(self._name)

    async def _listen(self) -> None:
        while True:
            try:
                await self._heard(await self._peer.hello(ANSWER))
            except (Unavailable, ProcessEnded) as error:
                self._away(str(error))
            except TimeoutError:
                self._late()
            except (AmberError, PluginFailed, ValueError) as error:
                self._fail(f"its hello cannot be understood: {error}")
            await self._pause()

    async def _pause(self) -> None:
        """Wait until it is time to ask again: at once, where it has just become late with something."""
        in_doubt = self._peer.in_doubt
        if in_doubt.is_set() or self.plugin.state is not State.RUNNING:
            await asyncio.sleep(EAGER if self.plugin.state is State.STARTING else PERIOD)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(in_doubt.wait(), LOOK)

    def _is_it(self, hello: Hello) -> bool:
        """Whether it is what we wait for that spoke: of an upgrade, the process before it may not have ended yet."""
        is_build = self.plugin.placing.isolation == "remote" or hello.build == self.plugin.build
        return is_build and self._kernel.registry.plugins.get(self.plugin.name) is self.plugin

    async def _heard(self, hello: Hello) -> None:
        if not self._is_it(hello):
            return
        self._silent, self._born = 0, time.monotonic()
        if self._supervisor is not None:
            self.plugin.memory_bytes = resident(descendants(self._supervisor.pid(self._name)))
        self._count(hello)
        if hello.problem:
            unfit: Any = Proxy(self._peer, hello)
            self.plugin.module = unfit  # what it takes can be told, and set, though it cannot run
            self._fail(hello.problem)
        elif (asked := self._kernel.registry.manager.get_plugin(self.plugin.name)) is not None:
            asked.heed(hello)
            if self.plugin.state is State.STARTING:
                self.plugin.state, self.plugin.reason = State.RUNNING, ""
        elif self.plugin.state is State.STARTING:
            await self._kernel.welcome(self.plugin.name, Proxy(self._peer, hello))
            log.info("plugin %s is %s", self.plugin.name, self.plugin.state)

    def _count(self, hello: Hello) -> None:
        """Count what the plugin was refused, by the bus and by its process, where that is ours."""
        more = _more(hello.refused, self._refused)
        self._refused = hello.refused
        if more and self.tells_refusals:
            self.note_refusals(more, hello.refusal)
        for right in RIGHTS & hello.overstepped.keys() if self._supervisor is not None else ():
            for _ in range(_more(hello.overstepped[right], self._overstepped.get(right, 0))):
                self._kernel.metrics.refused(self.plugin.name, right, hello.overstep)
        self._overstepped = hello.overstepped

    def note_refusals(self, more: int, last: str) -> None:
        """The bus refused it so much more."""
        log.error("plugin %s was refused %d times by the bus; last: %s", self.plugin.name, more, last)
        for _ in range(min(more, 1000)):
            self._kernel.metrics.called(self.plugin.name, "bus", 0.0, f"refused: {last}", "Refused")

    def _fail(self, reason: str) -> None:
        if self.plugin.state is not State.FAILED:
            self._kernel.registry.fail(self.plugin.name, reason)

    def _away(self, reason: str) -> None:
        """Nobody is there to ask: what is meant for it waits."""
        if self.plugin.state is State.RUNNING:
            self.plugin.state, self.plugin.reason = State.STARTING, f"{reason}: what is meant for it waits"
        if time.monotonic() - self._born > START:
            self._end(f"its process said nothing for {START:g} s")

    def _late(self) -> None:
        self._silent += 1
        if self._silent >= SILENT:
            self._end("its process hangs")

    def _end(self, reason: str) -> None:
        """Have its process ended, and by that started anew."""
        self._silent, self._born = 0, time.monotonic()
        self._wait_for(reason)
        if self._supervisor is not None:
            log.error("plugin %s: %s and is started anew", self.plugin.name, reason)
            self._supervisor.send(self._name, signal.SIGINT)

    def _ended(self, code: int | str) -> None:
        reason = ENDS.get(code, f"its process ended with code {code}") if isinstance(code, int) else code
        self._born = time.monotonic()
        self.plugin.restarts += 1
        self._peer.abandon(reason)
        self._wait_for(reason)

    def _wait_for(self, reason: str) -> None:
        if self.plugin.state in (State.RUNNING, State.STARTING):
            self.plugin.state, self.plugin.reason = State.STARTING, f"{reason}; what is meant for it waits"
