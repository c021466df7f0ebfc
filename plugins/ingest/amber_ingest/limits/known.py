"""What all edges took together, as the database counts it: read beside the requests, never by one."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from amber.model import ACCEPTED, HOUR, IssueStore, Limit

EVERY = 10.0
"""Seconds after which a cap that is in use is read again."""
Read = tuple[int, Limit, int]
"""A project, a cap, and the Unix hour in which its window begins."""


class Known:
    """The counts of caps, as they were a moment ago; a first question answers 0 and has the count read."""

    def __init__(
        self,
        store: Callable[[], IssueStore],
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._log, self._clock = store, log, clock
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="limits")
        self._counts: dict[tuple[int, Limit], tuple[int, int, float]] = {}

    def count(self, project: int, cap: Limit, now: float) -> int:
        """How many items a project was sent in the cap's window, as far as the database tells."""
        window = int(now // cap.window) * cap.window // HOUR
        since, count, due = self._counts.get((project, cap), (0, 0, 0.0))
        if since != window:
            count, due = 0, 0.0
        if self._clock() >= due:
            self._counts[project, cap] = window, count, self._clock() + EVERY
            self._reader.submit(self._read, project, cap, window)
        return count

    def _read(self, project: int, cap: Limit, window: int) -> None:
        try:
            counts = self._store().outcomes(project, window, window + cap.window // HOUR)
        except Exception:
            self._log.warning("the counts of project %d could not be read: its cap goes by memory alone", project)
            return
        count = sum(one.quantity for one in counts if one.outcome == ACCEPTED and cap.is_about(one.category))
        self._counts[project, cap] = window, count, self._clock() + EVERY

    def close(self) -> None:
        """Let the reader end."""
        self._reader.shutdown(wait=False, cancel_futures=True)
