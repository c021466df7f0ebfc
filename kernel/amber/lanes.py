"""Threads for plugins' plain functions: a hanging plugin loses its own lane and nobody else's."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._submit((function, loop, future))
        done, _ = await asyncio.wait((future,), timeout=budget)
        if not done:
            with self._lock:
                self._stuck += 1
            future.add_done_callback(self._recovered)
            raise TimeoutError(f"no answer within {budget * 1000:.0f} ms")
        return future.result()

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
            function, loop, future = job
            try:
                answer, error = function(), None
            except BaseException as raised:  # carried to the caller, whatever it is: the thread must live on
                answer, error = None, raised
            with self._lock:
                self._busy -= 1
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, answer, error)

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(self._threads):
            self._jobs.put(None)


def _settle(future: "asyncio.Future[Any]", answer: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(answer)
    elif isinstance(error, Exception) and not isinstance(error, StopIteration):
        future.set_exception(error)
    else:  # a future refuses to carry StopIteration; the others would end or cancel who asked
        future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
