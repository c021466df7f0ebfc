"""A way out that ends at a peer, whatever host is asked for: rights and limits are the real ones, the road is not."""

import ipaddress
import ssl
from collections.abc import Iterable

import httpcore

from amber.plugin.networks import parse_networks
from amber.plugin.outbound import CheckedBackend, HttpAnswer, Outbound, Read, resolve

LOOPBACK = ("127.0.0.0/8",)
PATIENCE = 10.0
"""Seconds a request may take at most, unless a test wants it shorter."""


class Detour(Outbound):
    """Connects to a port on loopback in place of any named host; addresses are checked and reached as ever."""

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        super().__init__(LOOPBACK, "Amber/test")
        self._port, self._patience = port, patience

    def backend(self) -> httpcore.AsyncNetworkBackend:
        """What opens the connection of one request."""
        return DetourBackend(self._port)

    async def send(self, request: httpcore.Request, seconds: float, read: Read) -> HttpAnswer:
        """Send it, with no more patience than the test has."""
        return await super().send(request, min(seconds, self._patience), read)


class DetourBackend(CheckedBackend):
    """Goes to the peer for every name, and without TLS, which the peer does not speak."""

    def __init__(self, port: int) -> None:
        super().__init__(resolve, parse_networks(LOOPBACK))
        self._port = port

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the peer; an address that is written out is treated as it would be without a test."""
        given = (host, port) if _is_address(host) else ("127.0.0.1", self._port)
        return Plain(await super().connect_tcp(*given, timeout, local_address, socket_options))


class Plain(httpcore.AsyncNetworkStream):
    """A stream on which TLS is skipped."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.read, self.write = stream.read, stream.write  # type: ignore[method-assign]  # nothing of them changes
        self.aclose, self.get_extra_info = stream.aclose, stream.get_extra_info  # type: ignore[method-assign]

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Leave it as it is."""
        return self


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
