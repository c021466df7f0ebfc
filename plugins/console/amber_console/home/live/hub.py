"""Hands facts to the pages that are open: to each what its reader may know, and no more than it can keep up with."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from msgspec import Struct

from amber import Context
from amber.model import Fact

ISSUES = ("issue.created", "issue.regressed", "issue.resolved", "issue.ignored", "issue.reopened", "issue.assigned")
PEOPLE = ("session.changed", "member.changed")
"""Facts after which the pages of a person ask again who they are."""
TOLD = ("issue_id", "issue_ids", "project_id", "short_id", "actor", "count")
"""What browsers are told of a fact; the pages themselves hold the rest."""
WAITING = 200
"""News an open page may be behind; one that is slower is told to load itself again."""


class Reader(Struct, frozen=True):
    """Who an open page belongs to, and the projects they may know of."""

    user: str
    session: int | None
    projects: frozenset[int]


class News(Struct, frozen=True):
    """What one page is told. `last` ends the connection; the browser then opens another by itself."""

    type: str
    data: Mapping[str, Any] = {}
    is_last: bool = False


LOST = News("lost", is_last=True)
ENDED = News("ended", is_last=True)


class Hub:
    """The open pages of one process. Everything here runs on the event loop that serves them."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Queue[News], Reader] = {}

    def __len__(self) -> int:
        return len(self._open)

    def listen(self, ctx: Context[Any]) -> None:
        """Hear every fact that pages show."""
        ctx.listen([*ISSUES, "events.stored"], self.hear)
        ctx.listen(PEOPLE, self.ask_again)

    async def news(self, reader: Reader) -> AsyncGenerator[News, None]:
        """What happens from now on, until the page goes, falls behind, or its reader changes."""
        waiting: asyncio.Queue[News] = asyncio.Queue(WAITING)
        self._open[waiting] = reader
        try:
            while True:
                news = await waiting.get()
                yield news
                if news.is_last:
                    return
        finally:
            self._open.pop(waiting, None)

    def hear(self, fact: Fact) -> None:
        """Tell every page whose reader may know of the fact's project."""
        news = News(fact.type, {name: fact.data[name] for name in TOLD if name in fact.data})
        for waiting, reader in list(self._open.items()):
            if fact.project in reader.projects:
                self._tell(waiting, news)

    def ask_again(self, fact: Fact) -> None:
        """End the connections of those the fact is about: who they are or what they may see has changed."""
        about = str(fact.data.get("user_id", "")), str(fact.data.get("session_id", ""))
        for waiting, reader in list(self._open.items()):
            if about[0] == reader.user or (about[1] and about[1] == str(reader.session)):
                self._end(waiting, ENDED)

    def close(self) -> None:
        """End every connection."""
        for waiting in list(self._open):
            self._end(waiting, ENDED)

    def _tell(self, waiting: asyncio.Queue[News], news: News) -> None:
        try:
            waiting.put_nowait(news)
        except asyncio.QueueFull:
            self._end(waiting, LOST)

    def _end(self, waiting: asyncio.Queue[News], last: News) -> None:
        self._open.pop(waiting, None)
        while not waiting.empty():
            waiting.get_nowait()
        waiting.put_nowait(last)


def hub_of(ctx: Context[Any]) -> Hub:
    """The hub of this process."""
    return ctx.keep("hub", Hub)
