"""A worker that gives no sign of life ends itself, and leaves behind what its threads were at.

The alarm is faulthandler's: a thread of its own in C that needs no part of Python, so that it goes off even if an
extension never gives the interpreter back. It goes by the monotonic clock; the event loop puts it off again and again.
"""

import asyncio
import faulthandler
from pathlib import Path

LONGEST_PERIOD = 1.0
"""Seconds between signs of life, at most."""


class Lifesigns:
    """The alarm of one process: it goes off after `limit` seconds in which the event loop did not come round."""

    def __init__(self, trace_file: Path, limit: float) -> None:
        self._limit = limit
        self._file = trace_file.open("w")
        faulthandler.enable(self._file)

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            faulthandler.dump_traceback_later(self._limit, exit=True, file=self._file)
            await asyncio.sleep(min(LONGEST_PERIOD, self._limit / 4))

    def close(self) -> None:
        """Nobody waits for signs any more."""
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        self._file.close()
