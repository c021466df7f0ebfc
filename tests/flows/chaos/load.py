"""What SDKs send while the storm blows, and what they were told."""

import asyncio
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.flows.wire import KINDS, Connection, envelope, error, post

PATIENCE = 12.0
"""Seconds a client waits for its answer."""
ISSUES, CONNECTIONS = 25, 6
A_DAY = 24 * 3600.0


class Load:
    """Sends from several connections until told to stop: new events, repeats, items nobody takes, broken ones.

    Half of the repeats tell something else under the id of an event that was accepted.
    """

    def __init__(self, url: str, project: int, key: str, seed: int) -> None:
        self._url, self._project, self._key = url, project, key
        self._random = random.Random(seed)
        self._stopping = False
        self.sent: set[str] = set()
        self.accepted: list[str] = []
        self.tried: Counter[str] = Counter()
        self.promised: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self._lately: deque[tuple[str, bytes]] = deque(maxlen=500)

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CONNECTIONS)))

    async def _client(self) -> None:
        connection = Connection(self._url)
        while not self._stopping:
            kind, event_id, body = self._next()
            self.tried[kind] += 1
            status = await self._ask(connection, post(self._url, self._project, self._key, body))
            self.statuses[status] += 1
            if status == 200:
                self.promised[kind] += 1
                if kind == "event":
                    self.accepted.append(event_id)
                    self._lately.append((event_id, body))
            else:
                await connection.close()
                await asyncio.sleep(0.05)
        await connection.close()

    async def _ask(self, connection: Connection, request: bytes) -> int:
        try:
            return await asyncio.wait_for(connection.ask(request), PATIENCE)
        except TimeoutError:
            return 0

    def _next(self) -> tuple[str, str, bytes]:
        """What kind of request comes next, the event's id, and its envelope."""
        dice = self._random.random()
        if dice < 0.04:
            return "unhandled", "", b'{}\n{"type":"weather_report"}\n{"sky":"grey"}'
        if dice < 0.08:
            return "invalid", "", b'{"event_id":"%s"}\n{"type":"event"}\n[1]' % self._id().encode()
        if dice < 0.14 and self._lately:
            event_id, body = self._random.choice(self._lately)
            return "repeat", event_id, body if dice < 0.11 else envelope(self._event(event_id))
        event = self._event(self._id())
        self.sent.add(event["event_id"])
        return "event", event["event_id"], envelope(event)

    def _event(self, event_id: str) -> dict[str, Any]:
        event = error(KINDS[self._random.randrange(ISSUES)], event_id)
        event["timestamp"] = time.time() - self._random.random() * A_DAY  # late, and in no order
        return event

    def _id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


@contextmanager
def under(load: Load) -> Iterator[Load]:
    """The load runs meanwhile."""
    thread = threading.Thread(target=lambda: asyncio.run(load.run()))
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join()
