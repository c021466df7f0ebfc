"""A worker's main job: frames from the bus become stored events, each counted once."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from amber.bus import Bus, Message
from amber.delivering.delivery import DeadLetters, Verdict
from amber.digesting.handlers import Handlers, Result
from amber.digesting.jobs import Job, Owners, fail, job_outcomes, jobs_of
from amber.digesting.pipeline import Pipeline, by_project
from amber.digesting.setaside import SetAside
from amber.digesting.storing import Passed, Stores, batch_of, write
from amber.errors import AlreadyApplied, PluginError, Reject, Unavailable
from amber.metrics import Metrics
from amber.model import (
    Applied,
    Batch,
    Decoded,
    Event,
    GroupedEvent,
    IngestProtocol,
    Item,
    OutcomeCount,
    Project,
    Submission,
)
from amber.plugin.dispatch import Dispatcher
from amber.poison.letters import mark_of
from amber.poison.lineage import unapplied
from amber.poison.suspects import Walk
from amber.wire import frames
from amber.wire.accounts import position_of

log = logging.getLogger("amber.digest")


FRAME, STORE = "frame", "store"
"""Parts of a message's way that concern all of it."""


Ends = Callable[[int, int, str], None]
"""Told how many submissions were set aside, how many were not, and why the last of the former was."""


class Digest:
    """Handles batches of messages for `Delivery`."""

    def __init__(self, dispatcher: Dispatcher, bus: Bus, stores: Stores, metrics: Metrics) -> None:
        self._dispatcher, self._stores, self._metrics = dispatcher, stores, metrics
        self._protocols: Mapping[str, IngestProtocol] = {}
        self._pipeline = Pipeline(dispatcher)
        self._handlers = Handlers(dispatcher)
        self._aside = SetAside(bus, DeadLetters(bus, metrics), stores.blobs)
        self.on_stored: Callable[[], None] = lambda: None
        self.on_ends: Ends = _nobody_counts

    async def start(self, protocols: Mapping[str, IngestProtocol]) -> None:
        """Take on what the plugins speak, and ask them which item types they take; again whenever plugins change."""
        self._protocols = protocols
        await self._handlers.start()

    async def walk(self, message: Message, walk: Walk) -> Verdict:
        """Digest a message that may kill this process, part by part, leaving out those that did before."""
        if (guilt := walk.enter(FRAME)) is not None:
            return guilt
        if (guilt := walk.suspect.guilt(STORE)) is not None:
            return await self._alone(message, guilt)
        return (await self.handle([message], walk))[0]

    async def handle(self, messages: Sequence[Message], walk: Walk | None = None) -> Sequence[Verdict]:
        """Digest some messages; one batch, one transaction. A batch that fails is taken message by message."""
        started = time.perf_counter()
        try:
            await self._digest(messages, walk)
        except Unavailable as error:
            return [error] * len(messages)
        except Exception as error:
            if len(messages) == 1:
                return [await self._alone(messages[0], error)]
            log.exception("a batch of %d messages failed and is taken apart", len(messages))
            return [verdict for message in messages for verdict in await self.handle([message])]
        self._metrics.digest_seconds.observe(time.perf_counter() - started)
        self.on_stored()
        return [None] * len(messages)

    async def bury(self, message: Message, error: Exception) -> None:
        """Count what a message held that was set aside whole. Raises Unavailable."""
        try:
            jobs = jobs_of(message)
        except Reject:
            return  # nobody can tell what it held
        for job in jobs:
            job.fail(error if isinstance(error, PluginError | Reject) else Reject(str(error)))
        batch = Batch((mark_of(message),), (), tuple(count for job in jobs for count in job_outcomes(job)))
        try:
            applied = await asyncio.to_thread(self._stores.issues.apply, batch)
        except AlreadyApplied:
            return  # the acknowledgement was lost, the count was not
        self._count(applied, "dead", 1)
        self.on_ends(len(jobs), 0, str(error))

    async def _alone(self, message: Message, error: Exception) -> Verdict:
        """What to do with one message that failed: a frame of several is split, so that each stands for itself."""
        try:
            submissions = frames.decode(message.data)
        except Reject as broken:
            return broken
        if len(submissions) == 1:
            return error
        log.error("a frame of %d submissions failed and is split: %r", len(submissions), error)
        await self._aside.split(message, submissions)
        return None

    async def _digest(self, messages: Sequence[Message], walk: Walk | None = None) -> None:
        known = await asyncio.to_thread(self._stores.issues.applied, [mark_of(message) for message in messages])
        fresh = unapplied(messages, known)
        if not fresh:
            return
        jobs = [job for message in fresh for job in jobs_of(message)]
        await self._fetch_bodies(jobs)
        passed = [await self._pass(some, walk) for some in ([jobs] if walk is None else [[job] for job in jobs])]
        await self._aside.bury(jobs)
        if walk is not None:
            walk.enter(STORE)
        await self._store(fresh, jobs, passed)

    async def _pass(self, jobs: Sequence[Job], walk: Walk | None) -> Passed:
        """Some submissions through everything before the stores; on a walk one, and its items one by one."""
        if walk is not None and (guilt := walk.enter(str(jobs[0].position))) is not None:
            jobs[0].fail(guilt)
        await self._decode(jobs)
        grouped, feedback = await self._events(jobs)
        return Passed(grouped, feedback, await self._items(jobs, walk))

    async def _fetch_bodies(self, jobs: Sequence[Job]) -> None:
        """Bodies too large for the bus come from the blob store."""
        for job in jobs:
            if job.submission.blob:
                body = await asyncio.to_thread(self._stores.blobs.get, job.submission.blob)
                if body is None:
                    job.fail(Reject(f"its body {job.submission.blob} is not in the blob store"))
                else:
                    job.submission = replace(job.submission, body=body)

    async def _decode(self, jobs: Sequence[Job]) -> None:
        for name in dict.fromkeys(job.submission.protocol for job in jobs if job.failure is None):
            mine = [job for job in jobs if job.submission.protocol == name and job.failure is None]
            if name not in self._protocols:
                for job in mine:
                    job.fail(Reject(f"no running plugin speaks the protocol {name!r}"))
            else:
                await self._decode_with(self._protocols[name].decode, name, mine)

    async def _decode_with(self, decode: Callable[[Submission], Decoded], plugin: str, jobs: Sequence[Job]) -> None:
        """Decode in one call; when that fails, one by one, so that one submission does not take the others with it."""

        def run() -> list[Decoded]:
            return [decode(job.submission) for job in jobs]

        try:
            given = {"submissions": [job.submission for job in jobs]}
            answers = await self._dispatcher.call(plugin, "ingest_protocols", _all_decoded, run, given)
        except PluginError as error:
            if len(jobs) == 1 or isinstance(error.cause, TimeoutError):
                for job in jobs:
                    job.fail(error)
                return
            for job in jobs:
                await self._decode_with(decode, plugin, [job])
            return
        for job, decoded in zip(jobs, answers, strict=True):
            job.decoded = decoded

    async def _events(self, jobs: Sequence[Job]) -> tuple[list[GroupedEvent], list[Event]]:
        """All events, enriched, scrubbed and grouped; feedback is not grouped."""
        owners: Owners = {}
        for job in jobs:
            for event in job.decoded.events if job.failure is None else ():
                owners.setdefault((event.project, event.id), []).append(job)
        grouped: list[GroupedEvent] = []
        feedback: list[Event] = []
        sound = [event for job in jobs if job.failure is None for event in job.decoded.events]
        for number, events in by_project(sound).items():
            project = await asyncio.to_thread(self._stores.directory.project, str(number))
            if project is None:
                fail(events, owners, Reject(f"project {number} does not exist any more"))
                continue
            clean = await self._clean(events, project, owners)
            feedback += [event for event in clean if event.type == "feedback"]
            grouped += await self._pipeline.group([event for event in clean if event.type != "feedback"], project)
        return grouped, feedback

    async def _clean(self, events: Sequence[Event], project: Project, owners: "Owners") -> list[Event]:
        enriched = await self._pipeline.enrich(events, project)
        clean = []
        for event, scrubbed in zip(events, await self._pipeline.scrub(enriched, project), strict=True):
            if isinstance(scrubbed, PluginError):
                fail([event], owners, scrubbed)
            else:
                clean.append(scrubbed)
        return clean

    async def _items(self, jobs: Sequence[Job], walk: Walk | None) -> list[OutcomeCount]:
        """Items through the plugins that claim them; those a plugin failed on are delivered again on their own."""
        sound = [job for job in jobs if job.failure is None]
        owners = {item.id: job for job in sound for item in job.decoded.items}
        items = [item for job in sound for item in job.decoded.items]
        result = await (self._handlers.handle(items) if walk is None else self._one_by_one(items, owners, walk))
        for item, error in result.failed:
            job = owners[item.id]
            job.is_postponed = len(job.decoded.items) + len(job.decoded.events) == 1
            job.later.append(item.id)
            if job.is_postponed and job.siblings == 1:
                raise error  # it already stands alone: the consumer decides when it is tried again
            await self._aside.again(job, item.id)
        return result.outcomes

    async def _one_by_one(self, items: Sequence[Item], owners: Mapping[str, Job], walk: Walk) -> Result:
        result = Result([], [])
        for item in items:
            job = owners[item.id]
            guilt = walk.enter(f"{job.position}.{position_of(item.id)}")
            if guilt is None:
                one = await self._handlers.handle([item])
                result.outcomes.extend(one.outcomes)
                result.failed.extend(one.failed)
            elif len(job.decoded.items) + len(job.decoded.events) == 1:
                job.fail(guilt)
            else:
                job.later.append(item.id)
                result.outcomes.extend(await self._aside.bury_item(job, item.id, guilt))
        return result

    async def _store(self, messages: Sequence[Message], jobs: Sequence[Job], passed: Sequence[Passed]) -> None:
        batch, feedback = batch_of([mark_of(message) for message in messages], jobs, passed)
        try:
            writing = asyncio.to_thread(write, self._stores, batch, feedback)
            holder = self._dispatcher.holders.get("event_store", "")
            applied = await self._dispatcher.step(holder, "store", {"events": batch.events}, writing)
        except AlreadyApplied as error:
            await self._digest(unapplied(messages, error.marks))
            return
        self._count(applied, "stored", len(messages))
        failed = [job.failure for job in jobs if job.failure is not None]
        done = sum(job.failure is None and not job.is_postponed for job in jobs)
        self.on_ends(len(failed), done, str(failed[-1]) if failed else "")
        await self._forget_bodies(jobs)

    def _count(self, applied: Applied, result: str, frames_done: int) -> None:
        for outcome in applied.outcomes:  # what is no longer dead is taken back in the store; a counter only grows
            self._metrics.outcomes.labels(outcome.category, outcome.outcome).inc(max(0, outcome.quantity))
        self._metrics.digested.labels(result).inc(frames_done)

    async def _forget_bodies(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.submission.blob and job.failure is None:
                await asyncio.to_thread(self._stores.blobs.delete, job.submission.blob)


def _nobody_counts(dead: int, done: int, reason: str) -> None:
    """Nobody asks how submissions end."""


def _all_decoded(value: Any) -> list[Decoded]:
    if not all(isinstance(one, Decoded) for one in value):
        raise TypeError("decode answered something else than Decoded")
    return list(value)
