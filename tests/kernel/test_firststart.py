"""How `amber up` hears from its worker what the first start made."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from amber.errors import ConfigError
from amber.running.firststart import hear, make_pipe, telling

pytestmark = pytest.mark.anyio
LONG = 60.0


async def test_what_the_worker_tells_is_heard_once(tmp_path: Path) -> None:
    pipe = make_pipe(tmp_path)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o600
    hearing = asyncio.create_task(hear(pipe, asyncio.Event(), LONG))
    await asyncio.to_thread(tell, pipe, b'{"project_id": 1}\n')
    assert await hearing == {"project_id": 1}
    with telling(pipe) as mouth:
        assert mouth is None


async def test_a_worker_that_ends_without_a_word_is_an_error(tmp_path: Path) -> None:
    pipe = make_pipe(tmp_path)
    hearing = asyncio.create_task(hear(pipe, asyncio.Event(), LONG))
    await asyncio.to_thread(tell, pipe, b"")
    with pytest.raises(ConfigError, match="could not be prepared"):
        await hearing


async def test_who_is_told_to_stop_does_not_wait_for_the_worker(tmp_path: Path) -> None:
    stop = asyncio.Event()
    hearing = asyncio.create_task(hear(make_pipe(tmp_path), stop, LONG))
    await asyncio.sleep(0)
    stop.set()
    assert await hearing is None
    assert list(tmp_path.iterdir()) == []


async def test_a_worker_that_never_comes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="could not be prepared"):
        await hear(make_pipe(tmp_path), asyncio.Event(), 0)


def test_what_an_earlier_start_left_behind_is_replaced(tmp_path: Path) -> None:
    assert make_pipe(tmp_path) == make_pipe(tmp_path)


def tell(pipe: Path, words: bytes) -> None:
    """As a worker does, which may be there before anybody listens."""
    with pipe.open("wb", buffering=0) as mouth:
        os.write(mouth.fileno(), words)
