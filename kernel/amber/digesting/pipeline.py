"""Events of one project through enrichment, scrubbing and grouping: each hook asked once per batch."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

from msgspec.structs import replace

from amber.digesting.describe import culprit, title
from amber.errors import PluginError
from amber.model import REMEMBERED, Additions, Event, GroupedEvent, Grouping, Project
from amber.plugin.dispatch import Dispatcher, check_fields

T = TypeVar("T")
FALLBACK = "kernel"
"""The mechanism of the kernel's own grouping, used where no plugin decided."""


def answers_of(kind: type[T], count: int, *, optional: bool) -> Callable[[Any], Sequence[T | None]]:
    """A check that an answer holds one `kind` (or None, where optional) for each of `count` events."""

    def check(value: Any) -> Sequence[T | None]:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise TypeError(f"answered {type(value).__name__}, expected a sequence of {kind.__name__}")
        if len(value) != count:
            raise ValueError(f"answered {len(value)} entries for {count} events")
        for one in value:
            if not (isinstance(one, kind) or (optional and one is None)):
                raise TypeError(f"answered a {type(one).__name__}, expected {kind.__name__}")
            if isinstance(one, Grouping):
                check_grouping(one)
            elif isinstance(one, Additions):  # an event holds too much to be looked through again
                check_fields(one)
        return value

    return check


def additions_for(events: Sequence[Event]) -> Callable[[Any], Sequence[Additions | None]]:
    """A check of what a plugin answers that adds to these events."""
    return answers_of(Additions, len(events), optional=True)


@lru_cache(maxsize=REMEMBERED)
def check_grouping(grouping: Grouping) -> None:
    """`check_fields`, done once for the same grouping. Raises TypeError where its parts are no tuples."""
    check_fields(grouping)


class Pipeline:
    """The event hooks in their order."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def enrich(self, events: Sequence[Event], project: Project) -> list[Event]:
        """The events with what plugins add; a plugin that fails adds nothing."""
        check = additions_for(events)
        answers = await self._dispatcher.collect("enrich_events", check, events=events, project=project)
        added: list[dict[str, Additions]] = [{} for _ in events]
        for answer in answers:
            for position, additions in enumerate(answer.value):
                if additions is not None:
                    added[position][answer.plugin] = additions
        return [
            replace(event, additions={**event.additions, **new}) if new else event
            for event, new in zip(events, added, strict=True)
        ]

    async def scrub(self, events: Sequence[Event], project: Project) -> list[Event | PluginError]:
        """The events without their secrets, or for each one that could not be scrubbed, why.

        A batch that fails is halved until the events that make it fail stand alone.
        """
        try:
            return list(await self._scrub_all(events, project))
        except PluginError as error:
            if len(events) == 1 or isinstance(error.cause, TimeoutError):
                return [error] * len(events)
        middle = len(events) // 2
        return await self.scrub(events[:middle], project) + await self.scrub(events[middle:], project)

    async def _scrub_all(self, events: Sequence[Event], project: Project) -> Sequence[Event]:
        ids = [event.id for event in events]
        check = answers_of(Event, len(events), optional=False)

        def same_events(value: Any) -> Sequence[Event]:
            scrubbed = [event for event in check(value) if event is not None]
            if [event.id for event in scrubbed] != ids or not all(isinstance(one.data, Mapping) for one in scrubbed):
                raise ValueError("answered other events than it was given")
            return scrubbed

        plugins = self._dispatcher.plugins("scrub_events")
        if not plugins:  # nothing unscrubbed is ever stored
            raise PluginError("kernel", "scrub_events", TimeoutError("no scrubber is running"))
        for plugin in plugins:
            events = await self._dispatcher.ask(plugin, "scrub_events", same_events, events=events, project=project)
        return events

    async def group(self, events: Sequence[Event], project: Project) -> list[GroupedEvent]:
        """Each event with the grouping of the first plugin that decides, the kernel's own where none does."""
        groupings: list[Grouping | None] = [None] * len(events)
        for plugin in self._dispatcher.plugins("group_events", project):
            open_ones = [position for position, found in enumerate(groupings) if found is None]
            if not open_ones:
                break
            answers = await self._group_with(plugin, [events[position] for position in open_ones], project)
            for position, answer in zip(open_ones, answers, strict=True):
                groupings[position] = answer
        return [
            GroupedEvent(event, grouping or fallback(event), title(event), culprit(event))
            for event, grouping in zip(events, groupings, strict=True)
        ]

    async def _group_with(self, plugin: str, events: Sequence[Event], project: Project) -> Sequence[Grouping | None]:
        """One plugin's groupings; a batch that fails is halved, so that one event does not move the others."""
        check = answers_of(Grouping, len(events), optional=True)
        try:
            return await self._dispatcher.ask(plugin, "group_events", check, events=events, project=project)
        except PluginError as error:
            if len(events) == 1 or isinstance(error.cause, TimeoutError):
                return [None] * len(events)
        middle = len(events) // 2
        first = await self._group_with(plugin, events[:middle], project)
        return [*first, *await self._group_with(plugin, events[middle:], project)]


def fallback(event: Event) -> Grouping:
    """The kernel's own grouping: type, title and transaction; an event that has none of them stands alone."""
    parts = [("type", event.type), ("title", title(event)), ("transaction", event.text("transaction"))]
    if not (event.chain or event.message or event.text("transaction")):
        parts.append(("event", event.id))
    summary = "Grouped by type, title and transaction, because no grouping plugin decided."
    return Grouping(FALLBACK, 1, key_of(FALLBACK, 1, parts), summary, tuple(parts))


def key_of(mechanism: str, version: int, parts: Sequence[tuple[str, str]]) -> str:
    """A digest over the length-prefixed parts, so that no two lists of parts can run together."""
    digest = blake2b(digest_size=20)
    for text in (mechanism, str(version), *(value for _, value in parts)):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def by_project(events: Sequence[Event]) -> Mapping[int, list[Event]]:
    """The events of a batch, project by project."""
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.project, []).append(event)
    return found
