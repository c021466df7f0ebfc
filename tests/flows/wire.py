"""Many requests at once over plain sockets: what SDKs send, at a rate no SDK has."""

import asyncio
import json
import string
import uuid
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

KINDS = [f"Problem{first}{second}" for first in string.ascii_uppercase for second in string.ascii_uppercase]
"""Names of exception types, each an issue of its own."""


def error(kind: str = "ProblemAA", event_id: str = "") -> dict[str, Any]:
    """A small event as an SDK sends it; events of one kind are one issue."""
    frame = {"function": f"raise_{kind}", "module": "shop.cart", "filename": "shop/cart.py", "in_app": True}
    raised = {"type": kind, "value": "it broke", "stacktrace": {"frames": [frame]}}
    return {"event_id": event_id or uuid.uuid4().hex, "platform": "python", "exception": {"values": [raised]}}


def envelope(event: dict[str, Any]) -> bytes:
    """The envelope one event travels in."""
    header = {"event_id": event["event_id"]}
    return b"\n".join(json.dumps(part).encode() for part in (header, {"type": "event"}, event))


def post(url: str, project: int, key: str, body: bytes) -> bytes:
    """An HTTP request that sends an envelope."""
    lines = (
        f"POST /api/{project}/envelope/ HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        f"X-Sentry-Auth: Sentry sentry_key={key}, sentry_version=7, sentry_client=flow/1.0",
        "Content-Type: application/x-sentry-envelope",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """One kept-alive connection, made when it is needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """The status of the answer; 0 when the connection failed before there was one."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(request)
            return await answer(reader)
        except (OSError, EOFError):
            await self.close()
            return 0

    async def close(self) -> None:
        if self._streams is not None:
            streams, self._streams = self._streams, None
            streams[1].close()


async def answer(reader: asyncio.StreamReader) -> int:
    """The status of one answer, once it is there in full."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    _, _, rest = head.partition("content-length:")
    await reader.readexactly(int(rest.split("\r\n", 1)[0]))
    return int(head.split(" ", 2)[1])


async def send_all(url: str, requests: Iterable[bytes], connections: int = 32) -> list[int]:
    """Send every request once; the statuses, in no promised order."""
    waiting, statuses = iter(requests), []

    async def run() -> None:
        connection = Connection(url)
        for request in waiting:
            statuses.append(await connection.ask(request))
        await connection.close()

    await asyncio.gather(*(run() for _ in range(connections)))
    return statuses


class Load:
    """Events sent without a pause until told to stop; notes which of them were answered 200."""

    def __init__(self, url: str, project: int, key: str) -> None:
        self._url, self._project, self._key = url, project, key
        self.accepted: list[str] = []
        self.refused: list[int] = []
        self._stopping = False

    async def run(self, connections: int = 8) -> None:
        """Send until `stop`."""
        events = self._events()
        await asyncio.gather(*(self._send(events) for _ in range(connections)))

    def stop(self) -> None:
        self._stopping = True

    def _events(self) -> Iterator[dict[str, Any]]:
        number = 0
        while not self._stopping:
            yield error(KINDS[number % 20])
            number += 1

    async def _send(self, events: Iterator[dict[str, Any]]) -> None:
        connection = Connection(self._url)
        for event in events:
            status = await connection.ask(post(self._url, self._project, self._key, envelope(event)))
            if status == 200:
                self.accepted.append(event["event_id"])
            else:
                self.refused.append(status)
                await asyncio.sleep(0.02)  # nobody listens there right now; do not spin
        await connection.close()
