"""What the NATS server that `amber up` runs refused plugins: it tells nobody of it but who was refused, and its log."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LOG, LOCK = "nats.log", "refusals.lock"
LINE = re.compile(
    rb'\[ERR\] \S+ - cid:\d+ - "(?:[^"\\]|\\.)*" - "[^"/]*/user:plugin-([a-z0-9_-]+)"'
    rb' - (Publish|Subscription) Violation - Subject "((?:[^"\\]|\\.)*)"'
)
"""One of its lines; names that clients give themselves stand between quotes and cannot get out of them."""
MOUTHFUL = 1 << 20
"""Bytes of the log that are read at once."""


class Refusals:
    """Follows the log from now on. Of several workers on a machine one does, or each would count the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._rest = b""

    def fresh(self) -> list[tuple[str, str]]:
        """Who was refused since the last time, and what: a plugin's name and some words."""
        with contextlib.suppress(OSError):  # the server has not begun its log, or somebody else reads it
            found = [LINE.search(line) for line in self._lines()]
            return [(one[1].decode(), f"{one[2].decode()} Violation: {_plain(one[3])}") for one in found if one]
        return []

    def _lines(self) -> Iterator[bytes]:
        """Raises OSError where this process cannot read it now."""
        if self._lock is None:
            self._lock = _held(self._folder / LOCK)
        if self._log is None:
            self._log = (self._folder / LOG).open("rb")
            self._log.seek(0, os.SEEK_END)
        *lines, self._rest = (self._rest + self._log.read(MOUTHFUL)).split(b"\n")
        yield from lines
        if not lines and (self._folder / LOG).stat().st_ino != os.fstat(self._log.fileno()).st_ino:
            self._log.close()  # the server began a new one
            self._log, self._rest = (self._folder / LOG).open("rb"), b""

    def close(self) -> None:
        """Let another process read."""
        for file in (self._log, self._lock):
            if file is not None:
                file.close()
        self._log = self._lock = None


def _held(file: Path) -> IO[bytes]:
    """The file, locked. Raises OSError where another process holds it."""
    opened = file.open("wb")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        raise
    return opened


def _plain(subject: bytes) -> str:
    return subject.decode(errors="replace")[:200]
