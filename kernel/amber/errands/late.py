"""What a plugin adds to events that were stored before: kept with them, and nothing else changes or is told."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from amber.bus import Message
from amber.bus.reading import read_json
from amber.delivering.delivery import Verdict, each
from amber.digesting.pipeline import Pipeline, additions_for
from amber.errors import PluginError
from amber.kernel import Kernel
from amber.model import Event, StoredEvent


class Enrich(Struct, frozen=True):
    """A task: these events of a project are to be shown to a plugin that adds to events."""

    project: int
    ids: tuple[str, ...]
    type: str = "events.enrich"


class LateEnricher:
    """Shows stored events to one plugin, as it sees new ones: but they are scrubbed already."""

    def __init__(self, kernel: Kernel, plugin: str) -> None:
        self._kernel, self._plugin = kernel, plugin
        self._pipeline = Pipeline(kernel.dispatcher)

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """Each message's verdict."""
        return await each(messages, self._enrich)

    async def _enrich(self, message: Message) -> None:
        """Events that are gone, and those the plugin adds nothing to, stay as they are."""
        task, stores = read_json(message.data, Enrich, "a task to add to events"), self._kernel.stores
        project = await asyncio.to_thread(stores.directory.project, str(task.project))
        found = await asyncio.to_thread(lambda: [stores.events.get_event(task.project, id) for id in task.ids])
        events = [event_of(one) for one in found if one is not None]
        if project is None or not events:
            return
        answers = await self._kernel.dispatcher.ask(
            self._plugin, "enrich_events", additions_for(events), events=events, project=project
        )
        told = zip(events, answers, strict=True)
        added = [replace(event, additions={self._plugin: answer}) for event, answer in told if answer is not None]
        clean = await self._pipeline.scrub(added, project) if added else []
        kept = {one.id: one.additions for one in clean if isinstance(one, Event)}
        await asyncio.to_thread(stores.events.write_additions, project.id, kept)
        for one in clean:
            if isinstance(one, PluginError):
                raise one


def event_of(stored: StoredEvent) -> Event:
    """A stored event as plugins see events, without what was added to it."""
    data = {name: value for name, value in stored.data.items() if name != "additions"}
    kind = str(data.get("type") or "error")
    return Event(stored.event_id, stored.project, kind, stored.timestamp, stored.received_at, data)
