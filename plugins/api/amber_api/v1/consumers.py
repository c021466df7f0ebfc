"""`/consumers`: how far each queue is worked through, and which of them stand still."""

from typing import Any

from litestar import get, post
from msgspec import Struct

from amber_api.v1.paths import ConsumerPath
from amber_api.v1.shapes import PROBLEMS, Listing, moment
from amber_api.v1.tenant import Caller


class PauseItem(Struct, frozen=True):
    """Why and since when a consumer stands still."""

    since: str | None
    reason: str


class ConsumerItem(Struct, frozen=True):
    """A consumer: `waiting` messages were not handed out yet, `in_hand` are not done yet, the oldest of them published
    at `since`; `dead` of its letters are kept. `lag_seconds` is how far it is behind.
    """

    name: str
    stream: str
    waiting: int
    in_hand: int
    since: str | None
    lag_seconds: float
    dead: int
    pause: PauseItem | None


@get("/consumers", action="admin", tags=["dead letters"], responses=PROBLEMS)
async def list_consumers(tenant: Caller) -> Listing[ConsumerItem]:
    """Every consumer of the installation."""
    return Listing([_shown(one, tenant.now) for one in await tenant.kernel("consumers").all()])


@post("/consumers/{consumer:str}/resume", action="admin", tags=["dead letters"], responses=PROBLEMS, status_code=204)
async def resume_consumer(tenant: Caller, consumer: ConsumerPath) -> None:
    """Let a consumer go on that stands still because too much of what it took died."""
    audit = tenant.audit("consumer.resume", f"consumer:{consumer}")
    await tenant.kernel("consumers").resume(consumer, audit)


def _shown(one: Any, now: float) -> ConsumerItem:
    pause = PauseItem(moment(one.pause.since), one.pause.reason) if one.pause is not None else None
    return ConsumerItem(
        name=one.name,
        stream=one.stream,
        waiting=one.waiting,
        in_hand=one.in_hand,
        since=moment(one.since or None),
        lag_seconds=round(max(0.0, now - one.since), 3) if one.since else 0.0,
        dead=one.dead,
        pause=pause,
    )


HANDLERS = (list_consumers, resume_consumer)
