"""Who is told what, and when a page's connection ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Fact
from amber_console.home.live.handlers import message, told
from amber_console.home.live.hub import WAITING, Hub, News, Reader

SHOP, WEB = 1, 2


def fact(type: str, project: int = SHOP, **data: Any) -> Fact:
    return Fact("1", type, project, 1.0, data)


async def heard(hub: Hub, reader: Reader, happen: Callable[[], None], count: int = 1) -> list[News]:
    """What a page of this reader is told while `happen` runs."""
    news = hub.news(reader)
    waiting = asyncio.ensure_future(anext(news))
    await asyncio.sleep(0)
    happen()
    found = [await waiting]
    found += [await anext(news) for _ in range(count - 1)]
    await news.aclose()
    return found


def test_a_page_hears_of_its_projects_alone() -> None:
    hub = Hub()

    def happen() -> None:
        hub.hear(fact("issue.created", WEB, issue_id="2"))
        hub.hear(fact("issue.created", SHOP, issue_id="1"))

    (news,) = asyncio.run(heard(hub, Reader("1", 1, frozenset({SHOP})), happen))
    assert (news.type, news.data) == ("issue.created", {"issue_id": "1"})


def test_a_page_is_told_no_more_than_it_shows() -> None:
    hub = Hub()
    happened = fact("issue.resolved", issue_id="1", actor="user:2", title="secret", status="resolved")
    (news,) = asyncio.run(heard(hub, Reader("1", 1, frozenset({SHOP})), lambda: hub.hear(happened)))
    assert news.data == {"issue_id": "1", "actor": "user:2"}


@pytest.mark.parametrize("data", [{"user_id": "7"}, {"session_id": "3"}, {"user_id": "9", "session_id": "3"}])
def test_a_page_ends_when_its_reader_changes(data: dict[str, str]) -> None:
    hub = Hub()
    reader = Reader("7", 3, frozenset({SHOP}))
    (news,) = asyncio.run(heard(hub, reader, lambda: hub.ask_again(fact("session.changed", 0, **data))))
    assert news.is_last


def test_a_page_goes_on_when_somebody_else_changes() -> None:
    hub = Hub()

    def happen() -> None:
        hub.ask_again(fact("member.changed", 0, user_id="8"))
        hub.ask_again(fact("session.changed", 0, session_id="4"))
        hub.ask_again(fact("session.changed", 0))
        hub.hear(fact("issue.created"))

    (news,) = asyncio.run(heard(hub, Reader("7", 3, frozenset({SHOP})), happen))
    assert news.type == "issue.created"


def test_a_page_that_falls_behind_is_told_so_and_dropped() -> None:
    hub = Hub()

    def happen() -> None:
        for _ in range(WAITING + 5):
            hub.hear(fact("issue.created"))

    (news,) = asyncio.run(heard(hub, Reader("7", 3, frozenset({SHOP})), happen))
    assert (news.type, news.is_last) == ("lost", True)


def test_a_page_that_went_is_forgotten() -> None:
    async def come_and_go() -> int:
        hub = Hub()
        await heard(hub, Reader("7", 3, frozenset({SHOP})), lambda: hub.hear(fact("issue.created")))
        return len(hub)

    assert asyncio.run(come_and_go()) == 0


class Someone:
    """A visitor, as far as the stream asks."""

    class principal:
        id, session = "7", 3

    projects = (SHOP,)


async def stream(hub: Hub, happen: Callable[[], None], count: int, heartbeat: float = 60.0) -> list[bytes]:
    events = told(Someone(), hub, heartbeat)
    sent = [(await anext(events)).encode()]
    following = asyncio.ensure_future(anext(events))
    while not len(hub):
        await asyncio.sleep(0)
    happen()
    sent.append((await following).encode())
    sent += [event.encode() async for event in events][: count - 2]
    return sent


def test_the_stream_says_that_it_stands_then_what_happens_then_ends() -> None:
    hub = Hub()

    def happen() -> None:
        hub.hear(fact("issue.created", issue_id="5"))
        asyncio.get_running_loop().call_soon(hub.close)

    first, second, last = asyncio.run(stream(hub, happen, 3))
    assert first == b"event: ready\r\ndata: {}\r\n\r\n"
    assert second == b'event: issue.created\r\ndata: {"issue_id":"5"}\r\n\r\n'
    assert last.startswith(b"event: ended")


def test_a_silent_stream_sends_heartbeats() -> None:
    hub = Hub()

    async def listen() -> bytes:
        events = told(Someone(), hub, heartbeat=0.001)
        await anext(events)
        beat = (await anext(events)).encode()
        await events.aclose()
        return beat

    assert asyncio.run(listen()) == b": still here\r\n\r\n"


def test_news_cannot_break_out_of_its_line() -> None:
    assert message(News("issue.created", {"actor": "a\n\nevent: evil\ndata: x"})).encode().count(b"\n") == 3
