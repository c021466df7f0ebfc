"""A request's body and sender: read within bounds, believed within reason."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from amber.errors import Reject, Unavailable

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
BODY_SECONDS = 60.0
"""How long a client may take to send its body."""


class Memory:
    """The bytes that all requests of a process may hold together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def reserve(self, size: int) -> None:
        """Count bytes as held. Raises Unavailable when there is no room left."""
        if self.used + size > self._limit:
            raise Unavailable(f"request bodies already hold {self.used} of {self._limit} bytes")
        self.used += size

    def release(self, size: int) -> None:
        """Count bytes as free again."""
        self.used -= size


class Held:
    """The bytes one request holds of the memory all requests share."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self._size = memory, 0

    def grow(self, size: int) -> None:
        """Hold more. Raises Unavailable."""
        self._memory.reserve(size)
        self._size += size

    def release(self) -> None:
        """Let go of all of it."""
        self._memory.release(self._size)
        self._size = 0


async def read_body(receive: Receive, limit: int, declared: int | None, held: Held) -> bytes:
    """The whole body. Raises Reject with 413 as soon as it is known to be too large, 408 when it takes too long."""
    if declared is not None and declared > limit:
        raise Reject(f"the body has {declared} bytes, at most {limit} are taken", status=413)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Reject("the client went away before the body was complete")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise Reject(f"the body has more than {limit} bytes", status=413)
                held.grow(len(chunk))
                chunks.append(chunk)
                if not message.get("more_body"):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        raise Reject(f"the body did not arrive within {BODY_SECONDS:.0f} s", status=408) from None


def client_ip(peer: str, headers: Mapping[str, str], proxies: Sequence[Any]) -> str:
    """The peer, or the client a trusted proxy speaks for: the last address in its chain that is no proxy of ours."""
    chain = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    while chain and _is_in(peer, proxies):
        peer = chain.pop()
    return peer


def _is_in(address: str, networks: Sequence[Any]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
