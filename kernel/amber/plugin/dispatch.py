"""Guarded calls to plugins: each one timed, cut off at its budget, counted, and unable to hurt its neighbours."""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec
import pluggy
from msgspec import Struct

from amber.errors import AmberError, Denied, PluginError, Reject, Retry, Unavailable
from amber.metrics import Metrics
from amber.model import Project
from amber.plugin.lanes import Lane
from amber.plugin.spec import Hook, OnError, hooks

T = TypeVar("T")
log = logging.getLogger("amber.dispatch")
ANSWERS: Mapping[str, tuple[type[AmberError], ...]] = {
    "authenticate": (Denied, Unavailable),
    "authorise": (Denied, Unavailable),
    "deliver": (Reject, Retry, Unavailable),
    "evaluate_fact": (Reject, Retry, Unavailable),
    "item_handlers": (Reject, Retry, Unavailable),
    "login_methods": (Denied, Unavailable),
    "on_fact": (Reject, Retry, Unavailable),
    "receive_webhook": (Reject, Retry, Unavailable),
    "scrub_events": (Unavailable,),
    "ui_pages": (Denied, Reject, Unavailable),
}
"""Errors that are answers to a hook: they pass through to the caller and are no failure of the plugin.

An outage of what Amber stands on passes where it would otherwise turn clients away or set their items aside.
"""
TRIP_AFTER = 5
"""Failures in a row that open a plugin's breaker."""
COOL_DOWN = 30.0
"""Seconds before an open breaker lets one call through."""
REQUEST: ContextVar[str] = ContextVar("amber_request", default="")
"""The path of the request that is being answered; only known while calls are watched."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
IsOff = Callable[[str, int, int | None], bool]
"""Whether an organisation (its id), or a project of it, does without a plugin."""
Watch = Callable[[str, str, Mapping[str, Any], Coroutine[Any, Any, T]], Coroutine[Any, Any, T]]
"""Awaits a call to a plugin in a hook with these arguments, and answers what it answers."""


class Answer(Struct, Generic[T], frozen=True):
    """One plugin's answer."""

    plugin: str
    value: T


def check_fields(answer: Struct) -> None:
    """Raises where a field of a plugin's answer holds something else than it declares.

    A Struct does not look at what it is made from; it would fail later, in the hands of somebody who is not to blame.
    """
    msgspec.convert(msgspec.to_builtins(answer), type(answer))


class Breaker:
    """Stops asking a plugin that keeps failing, and tries again after a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._open_until: dict[str, float] = {}

    def is_open(self, plugin: str) -> bool:
        """Whether the plugin should be left alone now. After the cool-down one caller is let through to try."""
        until = self._open_until.get(plugin)
        if until is None:
            return False
        if self._clock() < until:
            return True
        self._open_until[plugin] = self._clock() + COOL_DOWN
        return False

    def is_tripped(self, plugin: str) -> bool:
        """Whether the breaker is open or waiting for its trial."""
        return plugin in self._open_until

    def record(self, plugin: str, is_failure: bool) -> None:
        """Count a call that failed, or close the breaker after one that did not."""
        if not is_failure:
            if plugin not in self._failures:
                return
            del self._failures[plugin]
            if self._open_until.pop(plugin, None) is not None:
                log.warning("plugin %s answers again", plugin)
            return
        self._failures[plugin] = self._failures.get(plugin, 0) + 1
        if self._failures[plugin] >= TRIP_AFTER and plugin not in self._open_until:
            self._open_until[plugin] = self._clock() + COOL_DOWN
            log.error("plugin %s failed %d times in a row: not asked for %g s", plugin, TRIP_AFTER, COOL_DOWN)


class Dispatcher:
    """Walks a hook's implementations through pluggy's public list, each call guarded on its own."""

    def __init__(self, manager: pluggy.PluginManager, metrics: Metrics) -> None:
        self._manager, self._metrics = manager, metrics
        self._hooks = hooks()
        self._guarded = frozenset(name for name, spec in self._hooks.items() if _is_guarded(name, spec))
        self._lanes: dict[str, Lane] = {}
        self._known: dict[str, tuple[list[pluggy.HookImpl], dict[str, pluggy.HookImpl]]] = {}
        self.breaker = Breaker()
        self.contexts: dict[str, Any] = {}
        self.retired: set[str] = set()
        self.budgets: dict[str, int] = {}
        self.trusted: frozenset[str] = frozenset()
        self.order: Mapping[str, tuple[str, ...]] = {}
        self.ranks: dict[str, int] = {}
        self.holders: dict[str, str] = {}
        self.on_call: Callable[[str, str], None] = _nobody_notes
        self.watch: Watch[Any] | None = None
        self.is_off: IsOff = _nobody_does_without

    def plugins(self, hook: str, project: Project | None = None) -> list[str]:
        """The plugins that answer a hook, those a project does without left out: by configuration, manifest, name."""
        found = [plugin for plugin in self._implementations(hook) if plugin not in self.retired]
        if project is not None:
            found = [plugin for plugin in found if not self.is_off(plugin, project.organisation, project.id)]
        if len(found) > 1:
            found.sort(key=lambda plugin: self._rank(hook, plugin))
        return found

    def _rank(self, hook: str, plugin: str) -> tuple[int, int, str]:
        named = self.order.get(hook, ())
        return (named.index(plugin) if plugin in named else len(named), self.ranks.get(plugin, 100), plugin)

    def _implementations(self, hook: str) -> Mapping[str, pluggy.HookImpl]:
        """The implementations of a hook by plugin; put together anew when plugins have come or gone."""
        every = getattr(self._manager.hook, hook).get_hookimpls()
        known = self._known.get(hook)
        if known is None or known[0] != every:
            known = self._known[hook] = every, {impl.plugin_name: impl for impl in every}
        return known[1]

    def answers(self, plugin: str, hook: str) -> bool:
        """Whether a plugin answers a hook, retired or not."""
        return plugin in self._implementations(hook)

    async def collect(self, hook: str, check: Callable[[Any], T], **arguments: Any) -> list[Answer[T]]:
        """Every plugin's answer in order; those that fail, or whose answer `check` raises on, are left out."""
        answers = []
        for plugin in self.plugins(hook, arguments.get("project")):
            try:
                answers.append(Answer(plugin, await self.ask(plugin, hook, check, **arguments)))
            except PluginError:
                continue  # logged and counted where it happened
        return answers

    async def ask(self, plugin: str, hook: str, check: Callable[[Any], T], **arguments: Any) -> T:
        """One plugin's answer to a hook. Raises PluginError, or what the plugin raised on purpose."""
        impl = self._implementations(hook).get(plugin)
        if impl is None:
            raise PluginError(plugin, hook, "it does not answer this hook")
        arguments["ctx"] = self.contexts.get(plugin)
        given = [arguments[name] for name in impl.argnames]
        return await self.call(plugin, hook, check, partial(impl.function, *given), arguments)

    def call(
        self,
        plugin: str,
        hook: str,
        check: Callable[[Any], T],
        function: Callable[[], Any],
        given: Mapping[str, Any] = NOTHING,
    ) -> Coroutine[Any, Any, T]:
        """Call a plugin's function under the rules of `hook`: its budget, breaker and metrics.

        `given` is what whoever watches is shown as its arguments.
        """
        return self.step(plugin, hook, given, self._call(plugin, hook, check, function))

    def step(
        self, plugin: str, hook: str, given: Mapping[str, Any], work: Coroutine[Any, Any, T]
    ) -> Coroutine[Any, Any, T]:
        """Work that whoever watches sees as done by a plugin; the work itself, where nobody does."""
        return work if self.watch is None else self.watch(plugin, hook, given, work)

    async def _call(self, plugin: str, hook: str, check: Callable[[Any], T], function: Callable[[], Any]) -> T:
        spec = self._hooks[hook]
        if hook in self._guarded and self.breaker.is_open(plugin):
            raise PluginError(plugin, hook, "it has failed too often and is left alone for a while")
        started = time.perf_counter()
        self.on_call(plugin, hook)
        try:
            value = function() if self._is_direct(plugin, spec) else await self._in_lane(plugin, spec, function)
            if inspect.isawaitable(value):
                value = await _awaited(value, self._budget(plugin, spec))
            value = check(value)
        except ANSWERS.get(hook, ()):
            self._settled(plugin, hook, started, None)
            raise
        except Exception as error:
            self._settled(plugin, hook, started, error)
            raise PluginError(plugin, hook, error) from error
        finally:
            self.on_call("", "")
        self._settled(plugin, hook, started, None)
        return value

    def _is_direct(self, plugin: str, spec: Hook) -> bool:
        return spec.is_quick and plugin in self.trusted

    def _budget(self, plugin: str, spec: Hook) -> float:
        return (self.budgets.get(plugin) or spec.budget_ms) / 1000

    async def _in_lane(self, plugin: str, spec: Hook, function: Callable[[], Any]) -> Any:
        lane = self._lanes.get(plugin) or self._lanes.setdefault(plugin, Lane(plugin))
        return await lane.run(function, self._budget(plugin, spec))

    def _settled(self, plugin: str, hook: str, started: float, error: Exception | None) -> None:
        seconds = time.perf_counter() - started
        self.breaker.record(plugin, error is not None)
        if error is None:
            self._metrics.called(plugin, hook, seconds)
            return
        kind, message = type(error).__name__, f"{type(error).__name__}: {error}"
        self._metrics.called(plugin, hook, seconds, message, kind)
        log.error("plugin %s failed in %s after %.0f ms: %s", plugin, hook, seconds * 1000, message)

    def forget(self, plugin: str) -> None:
        """Let go of what belongs to a plugin that was switched off."""
        self.retired.discard(plugin)
        self.contexts.pop(plugin, None)
        self._known.clear()  # what is remembered of hooks would keep the plugin alive
        self.breaker.record(plugin, is_failure=False)
        if (lane := self._lanes.pop(plugin, None)) is not None:
            lane.close()

    def close(self) -> None:
        """Let the threads of all plugins end."""
        for lane in self._lanes.values():
            lane.close()


def _is_guarded(hook: str, spec: Hook) -> bool:
    """Whether a plugin that keeps failing in a hook is left alone for a while.

    What must not be skipped is not skipped because of what came before it: its failure has a price of its own.
    """
    return hook not in ("ingest_protocols", "group_events") and spec.on_error not in (
        OnError.DEAD_LETTER,
        OnError.RETRY,
    )


def _nobody_does_without(plugin: str, organisation: int, project: int | None) -> bool:
    """Nobody does without any plugin."""
    return False


def _nobody_notes(plugin: str, hook: str) -> None:
    """Nobody writes down which plugin is being asked."""


async def _awaited(value: Awaitable[Any], budget: float) -> Any:
    """What an asynchronous plugin answers within its budget; it can neither end nor cancel who asks."""
    try:
        async with asyncio.timeout(budget):
            return await value
    except TimeoutError:
        raise TimeoutError(f"no answer within {budget * 1000:.0f} ms") from None
    except (SystemExit, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
