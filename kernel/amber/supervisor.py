"""Keeps the child processes of `amber up` alive, and ends them in order."""

import asyncio
import ctypes
import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

log = logging.getLogger("amber.supervisor")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
PREDECESSOR = "PREDECESSOR_ENDED"
"""The environment variable that tells a child how the one before it ended: `<process id> <exit code>`."""
STEADY_AFTER = 20.0
"""Seconds a child must live for its next crash to count as its first again."""


class Child(Struct, frozen=True):
    """A process to keep alive. `patience` is how many seconds it may take to end when asked."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    patience: float = 20.0


class Supervisor:
    """Starts children in order, restarts those that die, ends them in the opposite order."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ended: dict[str, str] = {}
        self._stopping = False

    def start(self, child: Child) -> None:
        """Begin to keep this child alive."""
        self._children[child.name] = child
        self._tasks.append(asyncio.create_task(self._keep(child), name=child.name))

    def kill(self, name: str) -> None:
        """End a child that hangs; as after any death, it is started again."""
        process = self._running.get(name)
        if process is not None and process.returncode is None:
            process.kill()

    async def end(self) -> None:
        """Ask each child to end, wait for it, insist after its patience."""
        self._stopping = True
        for task in reversed(self._tasks):
            process = self._running.get(task.get_name())
            if process is not None and process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), self._children[task.get_name()].patience)
                except TimeoutError:
                    log.error("%s did not end in time and is killed", task.get_name())
                    process.kill()
                    await process.wait()
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        crashes = 0
        while not self._stopping:
            born = time.monotonic()
            code = await self._live(child)
            if self._stopping:
                return
            crashes = 1 if time.monotonic() - born > STEADY_AFTER else crashes + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (crashes - 1))
            log.error("%s ended with code %s and is started again in %.1f s", child.name, code, pause)
            await asyncio.sleep(pause)

    async def _live(self, child: Child) -> int | str:
        """One life of a child: the code it ended with, or why it could not be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                env={**child.environment, PREDECESSOR: self._ended.get(child.name, "")},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us alone; we end the children in order
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            return str(error)
        self._running[child.name] = process
        code = await process.wait()
        self._ended[child.name] = f"{process.pid} {code}"
        return code


def die_with_parent() -> Callable[[], None] | None:
    """What makes a child end when its supervisor is killed; only Linux can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal.SIGTERM)
