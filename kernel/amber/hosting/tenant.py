"""The process of a plugin as a worker starts it: with nothing of ours but what it needs, and heard within limits."""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping

from amber.errors import ConfigError
from amber.hosting.logins import login_name
from amber.hosting.rpc import Given, encode
from amber.hosting.warden import PATIENCE
from amber.processes.supervisor import MOUTHFUL, Child

KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
"""What a plugin's process inherits of our environment, beside what measures the coverage of tests."""
WINDOW, LINES, WIDTH = 10.0, 50, 500
"""How much of what a process writes is passed on: so many lines of so many characters in so many seconds."""


def child_of(given: Given, memory_mb: int, ended: Callable[[int | str], None]) -> Child:
    """A plugin's process; `ended` is told how it ended. Raises ConfigError where its settings are too large for it."""
    name, told = given.manifest.name, encode(given)
    if len(told) > MOUTHFUL:
        raise ConfigError(f"its settings take {len(told)} bytes; a process of its own can be given {MOUTHFUL}")
    command = [sys.executable, "-P", "-m", "amber.hosting", name, str(memory_mb)]
    hear = Excerpt(logging.getLogger(f"amber.host.{name}")).hear
    return Child(login_name(name), command, clean(os.environ), PATIENCE + 2, told, hear, ended)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is no secret and nobody's business but Python's."""
    return {name: value for name, value in environment.items() if name in KEPT or name.startswith("COVERAGE_")} | {
        "MALLOC_ARENA_MAX": "2"
    }


class Excerpt:
    """What a process writes, as lines of the log, and of too much how much it was."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._begun, self._lines, self._left_out = clock(), 0, 0

    def hear(self, data: bytes) -> None:
        """Some bytes came."""
        if self._clock() - self._begun > WINDOW:
            self._tell()
        for line in data[: LINES * WIDTH].splitlines():
            if self._lines < LINES:
                self._lines += 1
                self._log.info("%s", line[:WIDTH].decode(errors="replace"))
            else:
                self._left_out += len(line)
        self._left_out += max(0, len(data) - LINES * WIDTH)

    def _tell(self) -> None:
        if self._left_out:
            self._log.warning("wrote %d bytes more, which are left out", self._left_out)
        self._begun, self._lines, self._left_out = self._clock(), 0, 0
