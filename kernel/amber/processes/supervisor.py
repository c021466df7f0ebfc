"""Keeps child processes alive, and ends them in order: those of `amber up`, and plugins' own of `amber work`."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

log = logging.getLogger("amber.supervisor")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
PREDECESSOR = "PREDECESSOR_ENDED"
"""The environment variable that tells a child how the one before it ended: `<process id> <exit code>`."""
MOUTHFUL = 64 << 10
"""Bytes read at once of what a child writes."""
STEADY_AFTER = 20.0
"""Seconds a child must live for its next crash to count as its first again."""


def _nobody_listens(text: bytes) -> None:
    """What it writes goes where ours goes."""


def _nobody_minds(code: int | str) -> None:
    """Its end is logged and no more."""


class Child(Struct, frozen=True):
    """A process to keep alive. `patience` is how many seconds it may take to end when asked.

    `given` is what it reads from its standard input (at most 64 KiB). `hear` gets all it writes, `ended` how it ended.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    patience: float = 20.0
    given: bytes = b""
    hear: Callable[[bytes], None] = _nobody_listens
    ended: Callable[[int | str], None] = _nobody_minds


class Supervisor:
    """Starts children in order, restarts those that die, ends them in the opposite order."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ended: dict[str, str] = {}

    def start(self, child: Child) -> None:
        """Begin to keep this child alive."""
        self._children[child.name] = child
        self._tasks[child.name] = asyncio.create_task(self._keep(child), name=child.name)

    def pid(self, name: str) -> int:
        """The process id of a child as it lives now or lived last, 0 before."""
        process = self._running.get(name)
        return process.pid if process is not None else 0

    def send(self, name: str, signum: int) -> None:
        """Send a child a signal. One that dies of it is started again, as after any death."""
        process = self._running.get(name)
        if process is not None and process.returncode is None:
            process.send_signal(signum)

    async def end(self) -> None:
        """Ask each child to end, wait for it, insist after its patience."""
        children, self._children = self._children, {}  # none that dies meanwhile is started again
        for child in reversed(children.values()):
            await self._end(child)

    async def stop(self, name: str) -> None:
        """Ask one child to end, as `end` does all of them."""
        await self._end(self._children.pop(name))

    async def _end(self, child: Child) -> None:
        name = child.name
        task, process = self._tasks.pop(name), self._running.get(name)
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), child.patience)
            except TimeoutError:
                log.error("%s did not end in time and is killed", name)
                process.kill()
                await process.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        crashes = 0
        while self._children.get(child.name) is child:
            born = time.monotonic()
            code = await self._live(child)
            child.ended(code)
            if self._children.get(child.name) is not child:
                return
            crashes = 1 if time.monotonic() - born > STEADY_AFTER else crashes + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (crashes - 1))
            log.error("%s ended with code %s and is started again in %.1f s", child.name, code, pause)
            await asyncio.sleep(pause)

    async def _live(self, child: Child) -> int | str:
        """One life of a child: the code it ended with, or why it could not be started."""
        stdin = _pipe_of(child.given) if child.given else asyncio.subprocess.DEVNULL
        stdout = _ear(child.hear) if child.hear is not _nobody_listens else None
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                env={**child.environment, PREDECESSOR: self._ended.get(child.name, "")},
                stdin=stdin,
                stdout=stdout,
                stderr=stdout,
                start_new_session=True,  # Ctrl-C is for us alone; we end the children in order
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            return str(error)
        finally:
            for descriptor in (stdin, stdout):
                if descriptor is not None and descriptor >= 0:
                    os.close(descriptor)
        self._running[child.name] = process
        code = await process.wait()
        self._ended[child.name] = f"{process.pid} {code}"
        return code


def _pipe_of(data: bytes) -> int:
    """The end to read from of a pipe that holds this."""
    if len(data) > MOUTHFUL:
        raise ValueError(f"a child can be given {MOUTHFUL} bytes, not {len(data)}")  # a pipe holds no more
    read, write = os.pipe()
    with os.fdopen(write, "wb") as out:
        out.write(data)
    return read


def _ear(hear: Callable[[bytes], None]) -> int:
    """The end to write to of a pipe; what comes out is heard until nobody holds that end any more.

    Not asyncio's own pipe, since a child would count as alive for as long as one of its own children kept it open.
    """
    read, write = os.pipe()
    os.set_blocking(read, False)
    loop = asyncio.get_running_loop()

    def ready() -> None:
        if data := os.read(read, MOUTHFUL):
            hear(data)
        else:
            loop.remove_reader(read)
            os.close(read)

    loop.add_reader(read, ready)
    return write


def die_with_parent() -> Callable[[], None] | None:
    """What makes a child end when its supervisor is killed; only Linux can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal.SIGTERM)
