"""`GET /live`: news as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from amber_console.home.live.hub import Hub, News, Reader
from amber_console.home.visitor import Looker

HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies from ending the connection."""
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no", "x-content-type-options": "nosniff"}
Hubs = NamedDependency[SkipValidation[Hub]]


@get("/live", action="project:read", sync_to_thread=False)
def live(visitor: Looker, hub: Hubs) -> ServerSentEvent:
    """What happens in the visitor's projects, from now on."""
    return ServerSentEvent(told(visitor, hub), headers=HEADERS, retry_duration=2000)


async def told(visitor: Any, hub: Hub, heartbeat: float = HEARTBEAT) -> AsyncGenerator[ServerSentEventMessage, None]:
    """The events as they are sent; the first says that the connection stands."""
    projects = frozenset(await asyncio.to_thread(lambda: visitor.projects))
    principal = visitor.principal
    news = hub.news(Reader(principal.id, principal.session, projects))
    yield ServerSentEventMessage(event="ready", data="{}")
    following = asyncio.ensure_future(anext(news))
    try:
        while True:
            done, _ = await asyncio.wait([following], timeout=heartbeat)
            if not done:
                yield ServerSentEventMessage(comment="still here", data=None)
                continue
            try:
                yield message(following.result())
            except StopAsyncIteration:
                return
            following = asyncio.ensure_future(anext(news))
    finally:
        following.cancel()


def message(news: News) -> ServerSentEventMessage:
    """One piece of news as an event."""
    return ServerSentEventMessage(event=news.type, data=msgspec.json.encode(news.data).decode())


HANDLERS = (live,)
