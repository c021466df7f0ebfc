"""The parent of a plugin's process: sees to its limits, and that nothing it started outlives it.

It is the reaper of everything below it, so that a process cannot get away by losing its parent.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from amber.hosting.ends import MOST_PROCESSES, OVER_MEMORY, TOO_MANY

LOOK = 0.25
"""Seconds between two looks at the plugin's memory and processes."""
PATIENCE = 8.0
"""Seconds the plugin may take to end when asked."""
SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36
MB = 1 << 20


def keep(memory_mb: int) -> int:
    """Run the plugin that standard input tells of, to its end; the exit code."""
    _process_control(SET_CHILD_SUBREAPER, 1)
    bell = _bell()
    pid = os.fork()
    if pid == 0:
        _be_the_plugin(memory_mb)
    return _watch(pid, memory_mb * MB, bell)


def _be_the_plugin(memory_mb: int) -> None:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for signum in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(signum, signal.SIG_DFL)
        _process_control(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        # what a plugin allocates beyond this fails as MemoryError, inside of the plugin, before anybody is killed
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MB, memory_mb * MB))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        from amber.hosting.child import run

        run(sys.stdin.buffer.read())
        code = 0
    except BaseException:  # nobody beyond this process hears of it otherwise
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # nothing of the warden's is to be done twice


class Stop(Exception):
    """The plugin has to end, with this as the warden's exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


def _watch(pid: int, memory: int, bell: Callable[[], int]) -> int:
    try:
        while (code := _reap(pid)) is None:
            _look(memory)
            told = bell()
            if told == signal.SIGTERM:
                os.kill(pid, signal.SIGTERM)
                return _last_wait(pid, bell)
            if told:
                raise Stop(128 + told)
    except Stop as stop:
        code = stop.code
    finally:
        _end_all()
    return code


def _last_wait(pid: int, bell: Callable[[], int]) -> int:
    for _ in range(int(PATIENCE / LOOK)):
        if (code := _reap(pid)) is not None:
            return code
        bell()
    return 128 + signal.SIGKILL


def _look(memory: int) -> None:
    """Raises Stop where the plugin and what it started take too much."""
    below = list(descendants(os.getpid()))
    if len(below) > MOST_PROCESSES:
        raise Stop(TOO_MANY)
    # pages that forked processes share count for each here, so only where this is too much it is measured well
    if resident(below) > memory and sum(map(_proportional, below)) > memory:
        raise Stop(OVER_MEMORY)


def _reap(pid: int) -> int | None:
    """Take note of all that ended; the exit code of the plugin itself, if it is among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                found = os.waitstatus_to_exitcode(ended[1])
                code = found if found >= 0 else 128 - found
    return code


def _end_all() -> None:
    """Kill everything below, again and again until nothing is: what is killed may just have forked."""
    while found := list(descendants(os.getpid())):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
        _reap(0)


def descendants(pid: int) -> Iterator[int]:
    """The processes below one, as far as the system tells; zombies are none."""
    for tasks in _listed(Path(f"/proc/{pid}/task")):
        for child in map(int, _read(tasks / "children").split()):
            yield from descendants(child)
            if not _read(Path(f"/proc/{child}/stat")).rpartition(")")[2].startswith(" Z"):
                yield child


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it has just ended
        return []


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def resident(pids: Iterable[int]) -> int:
    """Bytes of memory these processes hold, without what they share with others through files."""
    known = (f"{_read(Path(f'/proc/{pid}/statm'))} 0 0 0".split() for pid in pids)
    return sum(int(held) - int(shared) for _, held, shared, *_ in known) * resource.getpagesize()


def _proportional(pid: int) -> int:
    anonymous = _read(Path(f"/proc/{pid}/smaps_rollup")).partition("\nPss_Anon:")[2]
    return int(f"{anonymous} 0".split()[0]) * 1024


def _bell() -> Callable[[], int]:
    """What waits until a child ended, a signal came or it is time to look; the signal that tells us to end, or 0."""
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    told: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda signum, _: told.append(signum))

    def wait() -> int:
        if select.select([read], [], [], LOOK)[0]:
            os.read(read, 512)
        return max(told, default=0)

    return wait


def _process_control(what: int, value: int) -> None:
    """Only Linux can; elsewhere a plugin's own children may outlive it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
