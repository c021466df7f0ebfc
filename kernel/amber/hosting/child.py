"""The plugin's side: imports the plugin, says hello, and answers what it is asked over the bus."""

import asyncio
import importlib
import inspect
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from amber.bus import fact_subject
from amber.config import plugin_config
from amber.errors import AmberError, ConfigError, Denied, Unavailable
from amber.hosting.ends import LOCKED_OUT, STUCK
from amber.hosting.logins import inbox, only_inside
from amber.hosting.rpc import (
    HELLO,
    OWN_BUSINESS,
    QUESTIONS,
    Deliver,
    EnrichEvents,
    EvaluateFact,
    Given,
    Hello,
    ReceiveWebhook,
    Reply,
    encode,
    rpc_subject,
    trouble_of,
)
from amber.model import Fact, Project
from amber.plugin.context import Context, Services
from amber.plugin.forms import entered, fields_of, fill
from amber.plugin.lanes import Lane
from amber.plugin.manifest import Manifest
from amber.plugin.outbound import Outbound
from amber.plugin.spec import hooks
from amber.version import version

log = logging.getLogger("amber.host")
WIDTH = 32
"""Questions that are answered at once."""
HEALTH = 1.0
"""Seconds in which a plugin must say how it is."""
ENTRY = 10.0
"""Seconds in which the bus must have heard of its login."""
FAREWELL, LAST_WORDS = 1.0, 5.0
"""Seconds in which the last questions arrive, and in which what is in hand may be finished, when it is to end."""


def run(given: bytes) -> None:
    """Be this plugin until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(Host(msgspec.json.decode(given, type=Given)).run())


class Host:
    """One plugin in a process of its own."""

    def __init__(self, given: Given) -> None:
        self._given, self._name = given, given.manifest.name
        self._client = Client()
        self._hello = Hello(given.version, given.build)
        self._config: Any = None
        self._own: dict[int, Any] = {}
        self._module: ModuleType | None = None
        self._context: Context[Any] | None = None
        self._lane = Lane(self._name)
        self._room = asyncio.Semaphore(WIDTH)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Subscription] = []
        self._refused, self._refusal = 0, ""
        self._overstepped, self._overstep, self._lock = Counter[str](), "", threading.Lock()
        self._publishing: list[tuple[str, asyncio.Future[None]]] = []
        self._born = time.monotonic()

    async def run(self) -> None:
        """Load the plugin, answer until told to end."""
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        await self._connect()
        try:
            self._load()
            await self._call_own("plugin_start")
        except BaseException as error:  # whatever a plugin does at import: its host stays to say what it was
            log.exception("the plugin cannot be used")
            why = str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
            self._hello = msgspec.structs.replace(self._hello, problem=f"it could not start: {why}")
        await self._subscribe()
        await stop.wait()
        await self._finish()

    async def _connect(self) -> None:
        """Log in, however long it takes: the bus may hear of this plugin only in a moment."""
        bus = self._given.bus
        await self._client.connect(
            servers=[bus.url],
            user=bus.user or None,
            password=bus.token or None,
            inbox_prefix=inbox(self._name),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]  # annotated int, used as seconds
            ping_interval=5,
            error_cb=self._note,
        )

    async def _note(self, error: Exception) -> None:
        if "ermissions" in str(error):
            self._refused, self._refusal = self._refused + 1, str(error)
            for subject, refused in self._publishing:
                if f'"{subject}"'.lower() in str(error).lower() and not refused.done():
                    refused.set_result(None)
        log.warning("bus: %s", error or type(error).__name__)
        if "uthorization" in str(error) and time.monotonic() - self._born > ENTRY:
            os._exit(LOCKED_OUT)

    def _load(self) -> None:
        given, manifest = self._given, self._given.manifest
        self._module = module = importlib.import_module(given.module)
        answered = _hooks_of(module, manifest)
        schema, target = getattr(module, "Config", None), getattr(module, "TargetConfig", None)
        self._hello = Hello(
            given.version,
            given.build,
            answered,
            fields_of(schema) if schema else (),
            fields_of(target) if target else (),
        )
        if schema:
            self._config = plugin_config(given.config, schema, self._name, {}, given.stored)
        services = Services(Path(given.data))
        services.publish = self._publish
        services.refused = self._overstepping
        outbound = Outbound(given.networks, f"Amber/{version()}", refused=self._overstepping)
        services.http = outbound.client
        services.settings = lambda plugin, config, project: self._own.get(project.id, config)
        self._context = Context(manifest, self._config, services)

    def _overstepping(self, _: str, right: str, why: str) -> None:
        """The plugin wanted what one of its rights does not give it; from any thread."""
        with self._lock:
            self._overstepped[right] += 1
            self._overstep = why

    async def _publish(self, fact: Fact) -> None:
        """Publish and wait until it is on disk. Raises Denied where the bus refuses it."""
        subject, refused = fact_subject(fact.type, fact.project), asyncio.get_running_loop().create_future()
        stream = self._client.jetstream(timeout=5)
        sending = stream.publish(subject, msgspec.json.encode(fact), headers={"Nats-Msg-Id": fact.id})
        taken = asyncio.ensure_future(sending)
        self._publishing.append(pair := (subject, refused))
        try:
            await asyncio.wait((taken, refused), return_when=asyncio.FIRST_COMPLETED)
            if refused.done():  # the server says so beside the answer, which never comes
                raise Denied(f"the bus refused this plugin: {self._refusal}")
            taken.result()
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable(f"the bus did not take the fact: {error or type(error).__name__}") from error
        finally:
            taken.cancel()
            self._publishing.remove(pair)

    async def _call_own(self, hook: str) -> None:
        if hasattr(self._module, hook):
            await self._call(hook, {}, hooks()[hook].budget_ms / 1000)

    async def _subscribe(self) -> None:
        await self._serve(HELLO, self._greet)
        if not self._hello.problem:
            for hook in self._hello.hooks:
                await self._serve(hook, partial(self._take, hook))
        await self._client.flush()

    async def _serve(self, what: str, received: Callable[[Msg], Awaitable[None]]) -> None:
        process = self._given.process
        places = {rpc_subject(self._name, what): "host"} | (
            {rpc_subject(self._name, what, process): ""} if process else {}
        )
        for subject, queue in places.items():
            self._subscriptions.append(await self._client.subscribe(subject, queue=queue, cb=received))

    async def _take(self, hook: str, raw: Msg) -> None:
        """Answer beside what else is in hand, once there is room."""
        await self._room.acquire()
        task = asyncio.create_task(self._respond(hook, raw))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._room.release()
        self._tasks.discard(task)

    async def _respond(self, hook: str, raw: Msg) -> None:
        await raw.respond(self._fitting(await self._answer(hook, raw)))

    def _fitting(self, reply: Reply) -> bytes:
        data = encode(reply)
        if len(data) <= self._client.max_payload:
            return data
        return encode(Reply(error=trouble_of(ValueError(f"its answer of {len(data)} bytes is too large for the bus"))))

    async def _greet(self, raw: Msg) -> None:
        said = msgspec.structs.replace(
            self._hello,
            refused=self._refused,
            refusal=self._refusal,
            overstepped=dict(self._overstepped),
            overstep=self._overstep,
            health=await self._health(),
        )
        await raw.respond(encode(Reply(msgspec.Raw(encode(said)))))

    async def _health(self) -> str:
        """What keeps the plugin from working, in its own words."""
        if self._hello.problem or not hasattr(self._module, "plugin_health"):
            return ""
        try:
            return str(await self._call("plugin_health", {}, HEALTH) or "")
        except Exception as error:  # what is wrong with the asking is what is wrong with the plugin
            return f"plugin_health failed: {type(error).__name__}: {error}"

    async def _answer(self, hook: str, raw: Msg) -> Reply:
        try:
            question = msgspec.json.decode(raw.data, type=QUESTIONS[hook])
            arguments = {name: getattr(question, name) for name in question.__struct_fields__}
            budget = arguments.pop("budget_ms") / 1000
            if isinstance(question, Deliver | ReceiveWebhook):
                arguments["target"] = fill(getattr(self._module, "TargetConfig", Nothing), question.target)
            if isinstance(question, EnrichEvents | EvaluateFact):
                self._heed(question.project, arguments.pop("settings"))
            return Reply(msgspec.Raw(encode(await self._call(hook, arguments, budget))))
        except BaseException as error:  # a plugin may raise anything; it is told, and this process lives on
            if not isinstance(error, AmberError):
                log.warning("%s failed: %s: %s", hook, type(error).__name__, error)
            return Reply(error=trouble_of(error))

    def _heed(self, project: Project, settings: Mapping[str, Any]) -> None:
        """Go by these settings for a project; the configuration stays the same object until they change."""
        base, own = self._config, None
        if base is not None and settings:
            try:
                own = msgspec.structs.replace(base, **entered(type(base), settings))
            except (AmberError, ValueError) as error:  # Amber knows forms of it, the plugin may be stricter
                log.error("settings of project %d cannot be used: %s", project.id, error)
        if own is None:
            self._own.pop(project.id, None)
        elif own != self._own.get(project.id):
            self._own[project.id] = own

    async def _call(self, hook: str, arguments: dict[str, Any], budget: float) -> Any:
        """The plugin's answer within the budget (seconds)."""
        function = getattr(self._module, hook)
        arguments["ctx"] = self._context
        call = partial(function, *(arguments[name] for name in inspect.signature(function).parameters))
        if not inspect.iscoroutinefunction(function):
            return await self._in_lane(call, budget)
        try:
            async with asyncio.timeout(budget):
                return await call()
        except TimeoutError:
            raise TimeoutError(f"no answer within {budget * 1000:.0f} ms") from None

    async def _in_lane(self, call: Callable[[], Any], budget: float) -> Any:
        try:
            return await self._lane.run(call, budget)
        except TimeoutError:
            if self._lane.is_stuck:
                log.exception("all threads are held by calls that never returned: starting anew")
                os._exit(STUCK)
            raise

    async def _finish(self) -> None:
        """Take on nothing more, finish what is in hand, let the plugin take its leave.

        Whoever asked what takes too long hears that at once, and does not wait for an answer that never comes.
        """
        drains = [one.drain() for one in self._subscriptions]  # type: ignore[no-untyped-call]  # it has no annotations
        leaving = asyncio.gather(*drains, return_exceptions=True)
        await asyncio.wait((leaving,), timeout=FAREWELL)  # longer only where the bus is away, and nobody can ask
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=LAST_WORDS)
            for task in late:
                task.cancel("the process was to end, and this took too long")
            await asyncio.gather(*late)
        if not self._hello.problem:
            await self._call_own("plugin_stop")
        await self._client.close()


class Nothing(Struct, frozen=True):
    """What a target holds whose plugin asks for nothing."""


def _hooks_of(module: ModuleType, manifest: Manifest) -> tuple[str, ...]:
    """What the module answers that can be asked here.

    Raises ConfigError where that is not all, or not what its manifest says.
    """
    answered = {name for name in hooks() if hasattr(getattr(module, name, None), "amber_impl")} - OWN_BUSINESS
    if inside := sorted(answered - QUESTIONS.keys()):
        raise ConfigError(only_inside(manifest.name, inside))
    if manifest.hooks and answered != set(manifest.hooks):
        said, does = ", ".join(sorted(manifest.hooks)), ", ".join(sorted(answered))
        raise ConfigError(f"its plugin.toml says hooks = [{said}], its module answers [{does}]: make them the same")
    return tuple(sorted(answered))
