import asyncio
from collections.abc import Awaitable

import pytest

from amber.ingest.intake import Patience, client_ip

pytestmark = pytest.mark.anyio


async def wait(patience: Patience, what: Awaitable[bool]) -> bool:
    """Whether it came in time."""
    task = patience.begin()
    try:
        return await what
    except asyncio.CancelledError:
        if patience.is_over(task):
            return False
        raise
    finally:
        patience.end(task)


async def test_patience_ends_with_the_slow_alone() -> None:
    patience, came = Patience(0.05), asyncio.Event()
    slow, quick, gone = (
        asyncio.create_task(wait(patience, one.wait())) for one in (asyncio.Event(), came, asyncio.Event())
    )
    await asyncio.sleep(0)
    came.set()
    gone.cancel()
    assert await asyncio.gather(slow, quick) == [False, True]
    assert gone.cancelled()


async def test_patience_is_there_for_who_comes_after_a_pause() -> None:
    patience = Patience(0.01)
    assert not await wait(patience, asyncio.Event().wait())
    came = asyncio.Event()
    came.set()
    assert await wait(patience, came.wait())
    assert not await wait(patience, asyncio.Event().wait())


async def test_who_is_ended_by_others_as_well_is_not_merely_slow() -> None:
    never: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    slow = asyncio.create_task(wait(Patience(0.0), never))
    never.add_done_callback(lambda _: slow.cancel())
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_a_client_without_an_address_has_none() -> None:
    assert client_ip("", {"x-forwarded-for": "203.0.113.7"}, ()) == ""
