"""What an installation must have before anybody can use it, made in a worker, which tells `amber up` what it made.

By a named pipe that only their user may read: what is told holds a password, which must not come to lie in a file.
"""

import asyncio
import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amber.errors import ConfigError

if TYPE_CHECKING:  # `amber up` only hears, and need not load what a worker stands on
    from amber.kernel import Kernel

COMMAND = "bootstrap"


def make_pipe(data: Path) -> Path:
    """The pipe in a data folder; one that an earlier start left behind is replaced."""
    pipe = data / "first-start"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    return pipe


async def hear(pipe: Path, stop: asyncio.Event, seconds: float) -> dict[str, Any] | None:
    """What the worker tells, None when told to stop before. Raises ConfigError where the worker gave up."""
    reading = asyncio.create_task(asyncio.to_thread(_first_line, pipe))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({reading, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not reading.done():
        await asyncio.to_thread(_write_nothing, pipe)
    line = await reading
    if line.strip():
        answer: dict[str, Any] = json.loads(line)
        return answer
    if stop.is_set():
        return None
    raise ConfigError("the first start could not be prepared; the lines above say why")


def _first_line(pipe: Path) -> str:
    with pipe.open() as ear:  # waits for the worker
        pipe.unlink()  # a worker that is started again has nobody to tell
        return ear.readline()


def _write_nothing(pipe: Path) -> None:
    """Let go of a reader that waits in vain."""
    with contextlib.suppress(FileNotFoundError):  # it does not wait any more
        mouth = os.open(pipe, os.O_RDWR)
        os.write(mouth, b"\n")
        while pipe.exists():  # what nobody has open is empty
            time.sleep(0.01)
        os.close(mouth)


@contextlib.contextmanager
def telling(pipe: Path | None) -> Iterator[int | None]:
    """The mouth of the pipe, None where nobody listens; that it is closed is how who listens learns of a failure."""
    try:
        mouth = None if pipe is None else os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # nobody listens any more: this worker is not the first of its `amber up`
        mouth = None
    try:
        yield mouth
    finally:
        if mouth is not None:
            os.close(mouth)


async def prepare(kernel: "Kernel", mouth: int) -> None:
    """Run the command by which a plugin makes what is missing, and pass on what it says. Raises what it raises."""
    answers = await kernel.dispatcher.collect("cli_commands", list)
    found = [(answer.plugin, one) for answer in answers for one in answer.value if one.name == COMMAND]
    if not found:
        raise ConfigError(f"no running plugin has the command {COMMAND}, which makes the first project")
    plugin, command = found[0]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        command.main(["--json"], standalone_mode=False, obj=kernel.dispatcher.contexts[plugin])
    os.write(mouth, said.getvalue().encode())
