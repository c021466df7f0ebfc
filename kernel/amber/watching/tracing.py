"""Tells whoever watches right now of calls to plugins; while nobody does, a process only waits for that."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import TRACE, Bus, trace_subject
from amber.bus.reading import read_json
from amber.digesting.pipeline import Pipeline
from amber.errors import AmberError, PluginError, Unavailable
from amber.model import Decoded, Event, Fact, GroupedEvent, Item, Notification, Project, Submission
from amber.plugin.dispatch import REQUEST, Dispatcher
from amber.watching.sketch import shorten, sketch

T = TypeVar("T")
log = logging.getLogger("amber.tracing")
LEASE = 5.0
"""Seconds a wish is good for; whoever made it repeats it as long as they watch."""
MOST_WAITING = 2000
"""Calls that are noted and not told yet; those that come while so many wait are only counted."""
TELLING: ContextVar[bool] = ContextVar("amber_telling", default=False)
"""Whether a call is our own, made to tell of another."""
NOWHERE = Project(0, 0, "", "", "", 0.0)
WITHHELD = "<withheld: no plugin scrubbed it>"


class Wish(Struct, frozen=True):
    """Which calls somebody wants to hear of; an empty field is met by all. `request` is how a path begins."""

    id: str
    event: str = ""
    request: str = ""
    plugin: str = ""
    hook: str = ""


class Call(Struct, frozen=True):
    """One call as it is told. `at` is Unix seconds; `given` and `answer` are shortened, scrubbed and hold no secret.

    `outcome`: `refused` is an error that is an answer, such as Denied; `problem` is what it says. `missed` calls of
    this process that somebody wished for could not be told before this one.
    """

    process: str
    at: float
    plugin: str
    hook: str
    seconds: float
    outcome: Literal["answered", "refused", "failed"]
    request: str = ""
    given: Mapping[str, Any] = {}
    answer: Any = None
    problem: str = ""
    missed: int = 0


class Seen(Struct, frozen=True):
    """One call as it was, or as a wish sees it."""

    told: Call
    given: Mapping[str, Any]
    answer: Any = None


class Tracer:
    """One process's."""

    def __init__(self, process: str, dispatcher: Dispatcher, bus: Bus) -> None:
        self._process, self._dispatcher, self._bus = process, dispatcher, bus
        self._pipeline = Pipeline(dispatcher)
        self._wishes: dict[str, tuple[float, Wish]] = {}
        self._is_watched = asyncio.Event()
        self._waiting: asyncio.Queue[tuple[Wish, Seen]] = asyncio.Queue(MOST_WAITING)
        self._missed = 0

    async def run(self) -> None:
        """Hear wishes, and tell what was wished for, until cancelled."""
        TELLING.set(True)
        await self._bus.listen(TRACE, self.hear)
        try:
            while await self._is_watched.wait():
                await self._tell_next()
        finally:
            self._dispatcher.watch = None

    async def hear(self, _: str, data: bytes) -> None:
        """Take on a wish, or hold on to it for longer. Raises Reject for what is none."""
        wish = read_json(data, Wish, "a wish to watch")
        self._wishes[wish.id] = time.monotonic() + LEASE, wish
        self._dispatcher.watch = self.watch
        self._is_watched.set()

    async def watch(self, plugin: str, hook: str, given: Mapping[str, Any], work: Coroutine[Any, Any, T]) -> T:
        """Await a call and note it for whoever wants to hear of it."""
        if TELLING.get():
            return await work
        at, started, raised, answer = time.time(), time.perf_counter(), None, None
        try:
            answer = await work
            return answer
        except BaseException as error:
            raised = error
            raise
        finally:
            took, (outcome, problem) = time.perf_counter() - started, _end(raised)
            raised = None  # it leads back here, and would keep what it went through for long
            told = Call(self._process, at, plugin, hook, took, outcome, REQUEST.get(), problem=problem)
            self._note(Seen(told, given, answer))

    def _note(self, seen: Seen) -> None:
        for _, wish in self._wishes.values():
            if (part := wished(wish, seen)) is not None:
                try:
                    self._waiting.put_nowait((wish, outlined(part)))
                except asyncio.QueueFull:
                    self._missed += 1
                except Exception:  # what plugins give and answer may be anything
                    log.exception("a call of %s in %s cannot be shown", seen.told.plugin, seen.told.hook)

    async def _tell_next(self) -> None:
        """Tell one call, and look who still watches."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                wish, seen = await self._waiting.get()
            with contextlib.suppress(Unavailable):  # nobody could hear it anyway
                await self._tell(wish, seen)
        now = time.monotonic()
        self._wishes = {id: (until, wish) for id, (until, wish) in self._wishes.items() if until > now}
        if not self._wishes:
            self._is_watched.clear()
            self._dispatcher.watch = None

    async def _tell(self, wish: Wish, seen: Seen) -> None:
        missed, self._missed = self._missed, 0
        call = replace(await self._shown(seen), missed=missed)
        await self._bus.broadcast(trace_subject(wish.id), msgspec.json.encode(call))

    async def _shown(self, seen: Seen) -> Call:
        """The call with its arguments and its answer, scrubbed by the plugins that scrub what is stored."""
        told, project = seen.told, seen.given["project"]
        given = {name: value for name, value in seen.given.items() if name != "project"}
        if project is not NOWHERE:
            given["project"] = project.slug
        parts = {"given": given, "answer": seen.answer, "problem": shorten(told.problem)}
        holder = Event("0" * 32, project.id, "default", told.at, told.at, {"extra": parts})
        (clean,) = await self._pipeline.scrub([holder], project)
        if isinstance(clean, PluginError):
            return replace(told, answer=WITHHELD, problem=WITHHELD if told.problem else "")
        return replace(told, **clean.data["extra"])


def _end(raised: BaseException | None) -> tuple[Literal["answered", "refused", "failed"], str]:
    """How a call ended, and why."""
    if raised is None:
        return "answered", ""
    if isinstance(raised, AmberError) and not isinstance(raised, PluginError):
        return "refused", f"{type(raised).__name__}: {raised}"
    cause = raised.cause if isinstance(raised, PluginError) else raised
    return "failed", cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"


def wished(wish: Wish, seen: Seen) -> Seen | None:
    """As much of a call as somebody wishes to hear of; None where that is nothing."""
    told = seen.told
    if wish.plugin not in ("", told.plugin) or wish.hook not in ("", told.hook):
        return None
    if not told.request.startswith(wish.request):
        return None
    return about_event(wish.event, seen) if wish.event else seen


def outlined(seen: Seen) -> Seen:
    """The call with little of its arguments and its answer, so that many can wait; its project is there in whole."""
    given = {name: sketch(value) for name, value in seen.given.items() if name != "ctx"}
    return Seen(seen.told, {**given, "project": seen.given.get("project", NOWHERE)}, sketch(seen.answer))


def about_event(event: str, seen: Seen) -> Seen | None:
    """What a call is about one event; None where it is not about it."""
    for name, items in seen.given.items():
        if isinstance(items, Sequence):
            answers = seen.answer if isinstance(seen.answer, Sequence) and len(seen.answer) == len(items) else None
            for position, item in enumerate(items):
                answer = answers[position] if answers is not None else seen.answer
                if event in (_id_of(item), *_ids_in(answer)):
                    return Seen(seen.told, {**seen.given, name: [item]}, answer)
        elif _id_of(items) == event:
            return seen
    return None


def _id_of(value: Any) -> str:
    """The event a value is, or is about; empty where it names none."""
    match value:
        case Event():
            return value.id
        case GroupedEvent():
            return value.event.id
        case Fact():
            return str(value.data.get("event_id", ""))
        case Submission():
            return str(value.meta.get("event_id", "")).replace("-", "").lower()
        case Item() | Notification():
            return value.event_id
    return ""


def _ids_in(answer: Any) -> list[str]:
    return [event.id for event in answer.events] if isinstance(answer, Decoded) else []
