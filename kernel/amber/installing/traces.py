"""What a plugin leaves on the bus and in the stores, beside tables of its own, and how all of it goes."""

import asyncio
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from amber.bus import PAUSES, REPLAYS, STREAMS, SUSPECTS, SWITCHES, TASKS, Bus, Standing, Stream, task_subject
from amber.desks.queues import plugin_of
from amber.kernel import Kernel
from amber.model import AuditEntry, Directory, LetterFilter, PluginSettings, Target

MOST = 10_000
"""Letters that are dropped in one go."""


class Traces(Struct, frozen=True):
    """How much a plugin left: the names of its tables and consumers, and how many of everything else."""

    tables: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    settings: int = 0
    targets: int = 0
    waiting: int = 0
    letters: int = 0


class OnBus:
    """What of the bus is a plugin's: its places in the streams, what waits for it, its dead letters, notes of it."""

    def __init__(self, kernel: Kernel, bus: Bus, plugin: str) -> None:
        self._bus, self._plugin = bus, plugin
        self._desk = kernel.services.kernel["dead_letters"]
        self._mine = LetterFilter(None, plugin)

    async def consumers(self) -> list[Standing]:
        """Its places in the streams."""
        return [one for one in await self._bus.standings() if "-" in one.name and plugin_of(one.name) == self._plugin]

    async def waiting(self) -> int:
        """How much waits for it alone."""
        mine = task_subject(self._plugin, "")
        return sum(number for subject, number in (await self._bus.counts(TASKS)).items() if subject.startswith(mine))

    async def letters(self) -> int:
        """How many of its letters lie dead."""
        total: int = (await self._desk.page(self._mine, limit=1)).total
        return total

    async def drop(self, audit: AuditEntry, *, is_gone: bool) -> None:
        """Let all of it go. Its switch stays while it is installed: without it, it might come on by itself."""
        for one in await self.consumers():
            await self._bus.forget(next(stream for stream in STREAMS if stream.name == one.stream), one.name)
        await self._bus.clear(TASKS, task_subject(self._plugin, ">"))
        while (await self._desk.drop_all(self._mine, MOST, audit)).left:
            pass
        for stream in (*((SWITCHES,) if is_gone else ()), PAUSES, SUSPECTS, REPLAYS):
            await self._forget_notes(stream)

    async def _forget_notes(self, stream: Stream) -> None:
        for subject in await self._bus.counts(stream):
            if _about(stream, subject) == self._plugin:
                await self._bus.clear(stream, subject)


def _about(stream: Stream, subject: str) -> str:
    """The plugin that a note is about: its subject ends with a plugin, a consumer, or a consumer and a number."""
    about = subject.removeprefix(stream.subjects.removesuffix("*"))
    if stream is SUSPECTS:
        about = about.rpartition("-")[0]
    return plugin_of(about) if stream in (PAUSES, SUSPECTS) else about


def settings_of(directory: Directory, plugin: str) -> list[PluginSettings]:
    """What people set for it, wherever; secrets among it."""
    return [one for one in directory.plugin_settings() if one.plugin == plugin]


def targets_of(directory: Directory, plugin: str) -> list[Target]:
    """Whom it delivered to."""
    projects = [project for one in directory.organisations() for project in directory.projects(one.id)]
    return [target for project in projects for target in directory.targets(project.id) if target.plugin == plugin]


def drop_from_stores(kernel: Kernel, plugin: str, audit: AuditEntry) -> None:
    """Let go of what people set for it, of its targets with their secrets, and of when its jobs were done."""
    directory, homes = kernel.stores.directory, _homes(kernel.stores.directory)
    for target in targets_of(directory, plugin):
        told = replace(audit, organisation=homes.get(target.project, audit.organisation))
        directory.remove_target(target.id, replace(told, action="target.remove", subject=f"target:{target.id}"))
    for one in settings_of(directory, plugin):
        organisation = one.organisation or homes.get(one.project or 0, audit.organisation)
        directory.set_plugin_settings(replace(one, values={}), replace(audit, organisation=organisation))
    kernel.stores.issues.drop_jobs(plugin)


def _homes(directory: Directory) -> Mapping[int, int]:
    """The organisation of every project."""
    return {project.id: one.id for one in directory.organisations() for project in directory.projects(one.id)}


async def traces_of(kernel: Kernel, bus: Bus, plugin: str, tables: list[str]) -> Traces:
    """How much there is of everything."""
    directory, here = kernel.stores.directory, OnBus(kernel, bus, plugin)
    return Traces(
        tuple(tables),
        tuple(one.name for one in await here.consumers()),
        len(await asyncio.to_thread(settings_of, directory, plugin)),
        len(await asyncio.to_thread(targets_of, directory, plugin)),
        await here.waiting(),
        await here.letters(),
    )
