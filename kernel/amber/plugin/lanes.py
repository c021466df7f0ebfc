"""Threads for plugins' plain functions: a hanging plugin loses its own lane and nobody else's."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any


class Job:
    """One call on its way through a lane."""

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.function, self.loop = function, loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.is_started = False
        self.is_abandoned = False


class Lane:
    """A few daemon threads of one plugin.

    Daemon threads, not a ThreadPoolExecutor, because the latter waits for stuck threads when the process ends.
    """

    def __init__(self, name: str, width: int = 4) -> None:
        self._name, self._width = name, width
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0
        self._stuck = 0
        self._lock = threading.Lock()

    @property
    def is_stuck(self) -> bool:
        """Whether every thread is held by a call that was given up on."""
        return self._stuck >= self._width

    async def run(self, function: Callable[[], Any], budget: float) -> Any:
        """The function's answer. Raises TimeoutError after `budget` seconds; the thread goes on until it returns."""
        if self.is_stuck:
            raise TimeoutError(f"all {self._width} threads of {self._name} are held by calls that never returned")
        job = Job(function, asyncio.get_running_loop())
        self._submit(job)
        done, _ = await asyncio.wait((job.future,), timeout=budget)
        if not done:
            self._abandon(job)
            raise TimeoutError(f"no answer within {budget * 1000:.0f} ms")
        return job.future.result()

    def _abandon(self, job: Job) -> None:
        """Nobody waits for this call any more: one still in the queue is never made."""
        with self._lock:
            job.is_abandoned = True
            if job.is_started:
                self._stuck += 1
                job.future.add_done_callback(self._recovered)

    def _recovered(self, future: "asyncio.Future[Any]") -> None:
        with self._lock:
            self._stuck -= 1
        if not future.cancelled():
            future.exception()  # it was given up on; having been looked at, it is not reported as forgotten

    def _submit(self, job: Job) -> None:
        with self._lock:
            self._busy += 1
            if self._busy > self._threads and self._threads < self._width:
                self._threads += 1
                threading.Thread(target=self._work, name=f"plugin-{self._name}", daemon=True).start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._begin(job):
                answer, error = _call(job.function)
                with self._lock:
                    self._busy -= 1
                if not job.loop.is_closed():
                    job.loop.call_soon_threadsafe(_settle, job.future, answer, error)

    def _begin(self, job: Job) -> bool:
        with self._lock:
            job.is_started = not job.is_abandoned
            if job.is_abandoned:
                self._busy -= 1
            return job.is_started

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(self._threads):
            self._jobs.put(None)


def _call(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except BaseException as raised:  # carried to the caller, whatever it is: the thread must live on
        return None, raised


def _settle(future: "asyncio.Future[Any]", answer: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(answer)
    elif isinstance(error, Exception) and not isinstance(error, StopIteration):
        future.set_exception(error)
    else:  # a future refuses to carry StopIteration; the others would end or cancel who asked
        future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
