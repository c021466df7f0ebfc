"""`GET /live` as the kernel serves it, read while it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from amber.model import Fact
from amber.testing.running import Kernel, context
from amber_console.home.live import Hub, hub_of


class Reading:
    """One open connection, spoken to as an ASGI server would."""

    def __init__(self, app: Any, headers: Any) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items() if name != "host"]
        scope = {"type": "http", "method": "GET", "path": "/live", "raw_path": b"/live", "query_string": b"",
                 "headers": raw, "http_version": "1.1", "scheme": "http", "server": ("amber.test", 80),
                 "client": ("127.0.0.1", 1), "root_path": ""}  # fmt: skip
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self._sent.put_nowait(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._gone.set()  # a server says so once it has sent everything

    async def start(self) -> dict[str, Any]:
        return await self._sent.get()

    async def until(self, words: bytes) -> bytes:
        """Everything that is sent up to these words."""
        body = b""
        while words not in body:
            body += (await self._sent.get()).get("body", b"")
        return body

    def go(self) -> None:
        self._gone.set()


@pytest.fixture
def hub(kernel: Kernel) -> Hub:
    return hub_of(context(kernel, "console"))


def run(app: Any, client: Any, story: Callable[[Reading], Awaitable[None]]) -> None:
    async def told() -> None:
        reading = Reading(app, client.headers)
        await story(reading)
        await reading.task

    asyncio.run(told())


def created(project: int, issue: str) -> Fact:
    return Fact("1", "issue.created", project, 1.0, {"issue_id": issue, "title": "secret"})


def test_a_browser_hears_of_its_own_organisation_until_its_session_ends(
    app: Any, hub: Hub, acme: Any, other: Any
) -> None:
    async def story(reading: Reading) -> None:
        head = await reading.start()
        assert head["status"] == 200
        assert (b"content-type", b"text/event-stream; charset=utf-8") in head["headers"]
        await reading.until(b"event: ready")
        while not len(hub):
            await asyncio.sleep(0)
        hub.hear(created(other.project.id, "66"))
        hub.hear(created(acme.project.id, "55"))
        body = await reading.until(b"issue.created")
        assert b'"issue_id":"55"' in body
        assert b"66" not in body
        assert b"secret" not in body
        hub.ask_again(Fact("2", "session.changed", 0, 1.0, {"user_id": str(acme.owner.id)}))
        await reading.until(b"event: ended")

    run(app, acme.browser(), story)
    assert len(hub) == 0


def test_a_browser_that_goes_is_forgotten(app: Any, hub: Hub, acme: Any) -> None:
    async def story(reading: Reading) -> None:
        await reading.until(b"event: ready")
        while not len(hub):
            await asyncio.sleep(0)
        reading.go()

    run(app, acme.browser(), story)
    assert len(hub) == 0


def test_a_strangers_stream_is_the_login(stranger: Any) -> None:
    answer = stranger.get("/live", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Flive")
