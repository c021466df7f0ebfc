"""Jobs that plugins want done now and then, each by one worker among many."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import uuid4

from amber.errors import PluginError, Unavailable
from amber.metrics import Metrics
from amber.model import Claim, IssueStore, ScheduledJob
from amber.plugin.dispatch import Dispatcher

log = logging.getLogger("amber.schedule")
HOOK = "scheduled_jobs"
LEASE = 60.0
"""Seconds after which a job whose worker died may be taken over."""
LOOK = 15.0
"""Seconds between looks whether a job is due; a worker that has just started lets so many pass before its first."""


class Schedule:
    """Runs the jobs of running plugins in one worker, those that no other worker has in hand."""

    def __init__(self, dispatcher: Dispatcher, store: IssueStore, metrics: Metrics) -> None:
        self._dispatcher, self._store, self._metrics = dispatcher, store, metrics
        self._holder = f"{os.getpid()}-{uuid4().hex}"
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self.look, self.lease = LOOK, LEASE
        self.now: Callable[[], float] = time.time

    async def settle(self) -> None:
        """Take on the jobs of plugins that were not there before."""
        for plugin in self._dispatcher.plugins(HOOK):
            if plugin not in self._tasks:
                with suppress(PluginError):  # logged and counted where it happened; the plugin's jobs are not done
                    jobs = await self._dispatcher.ask(plugin, HOOK, _all_jobs)
                    self._tasks[plugin] = [asyncio.create_task(self._keep(plugin, job)) for job in jobs]

    async def close(self, plugin: str) -> None:
        """Break off a plugin's jobs; somebody else may go on with them at once."""
        tasks = self._tasks.pop(plugin, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Break off all jobs."""
        await asyncio.gather(*map(self.close, tuple(self._tasks)))

    async def _keep(self, plugin: str, job: ScheduledJob) -> None:
        """Look now and then whether the job is due and free, and do it."""
        name = f"{plugin}.{job.name}"
        while True:
            await asyncio.sleep(min(self.look, job.every))
            try:
                wish = Claim(name, self._holder, self.now(), self.lease, job.every)
                if await asyncio.to_thread(self._store.claim_job, wish):
                    await self._do(plugin, name, job)
            except Unavailable as error:
                log.warning("job %s waits: %s", name, error)

    async def _do(self, plugin: str, name: str, job: ScheduledJob) -> None:
        started, running = time.perf_counter(), asyncio.ensure_future(job.run())
        holding = asyncio.create_task(self._hold(name, running))
        problem = kind = ""
        try:
            await asyncio.wait((running,))
            if not running.cancelled() and (error := running.exception()) is not None:
                problem, kind = f"{type(error).__name__}: {error}", type(error).__name__
                log.error("job %s failed: %s", name, problem)
        finally:
            holding.cancel()
            running.cancel()
            self._metrics.called(plugin, HOOK, time.perf_counter() - started, problem, kind)
            await asyncio.gather(running, return_exceptions=True)
            await asyncio.to_thread(self._store.hold_job, name, self._holder, self.now())

    async def _hold(self, name: str, running: "asyncio.Future[None]") -> None:
        """Keep others from the job while it runs; break it off where somebody else has it all the same."""
        while True:
            await asyncio.sleep(self.lease / 4)
            with suppress(Unavailable):  # the job itself will say so, and the lease may well outlast it
                if not await asyncio.to_thread(self._store.hold_job, name, self._holder, self.now() + self.lease):
                    running.cancel()
                    return


def _all_jobs(value: Iterable[ScheduledJob]) -> list[ScheduledJob]:
    jobs = list(value)
    for job in jobs:
        if not isinstance(job, ScheduledJob) or not job.every > 0 or not callable(job.run):
            raise TypeError(f"{job!r} is no ScheduledJob with a positive `every` and a function to run")
    return jobs
