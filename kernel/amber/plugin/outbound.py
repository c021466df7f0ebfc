"""Requests of plugins to the outside: to public addresses only, within limits, and never led astray by redirects."""

import asyncio
import contextlib
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from urllib.parse import SplitResult, quote, urlsplit

import certifi
import httpcore
from msgspec import Struct

from amber.errors import Denied, Reject, Retry
from amber.plugin.networks import Network, PrivateAddress, allowed, parse_networks

Resolve = Callable[[str, int], Awaitable[list[str]]]
Refused = Callable[[str, str, str], None]
"""Told of every refusal: the plugin, which right falls short, and the sentence."""
Read = Callable[[httpcore.Response, float], Awaitable[bytes]]
"""What of an answer's body is read until a deadline, in the loop's time."""
MAX_BODY = 64 << 10
"""Bytes of an answer's body that are read; nobody needs more to understand what a receiver says."""
LONGEST_URL = 8192
"""Characters of an address; to read a host's name takes time with the square of its length."""
FIRST_SECONDS = 3.0
"""How long to wait for one of a host's addresses while there is another to try."""
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+(?:%\w+)?")
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
"""Headers that say how the request travels, which is not the plugin's to say."""
FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


class HttpAnswer(Struct, frozen=True):
    """What a server answered. Header names are lower case; `body` is cut at 64 KiB, or where it stopped coming."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system resolves it, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outbound:
    """What all requests of a process share: where they may go, and whom to believe over TLS."""

    def __init__(
        self,
        networks: Iterable[str] = (),
        agent: str = "Amber",
        resolve: Resolve = resolve,
        refused: Refused = lambda plugin, right, why: None,
    ) -> None:
        self._networks, self._agent, self._resolve = parse_networks(networks), agent, resolve
        self.refused = refused

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())  # a slim container has no authorities of its own
        return context

    def client(self, plugin: str, hosts: Sequence[str]) -> "Http":
        """What a plugin with these `rights.hosts` is handed."""
        return Http(self, plugin, hosts)

    def backend(self) -> httpcore.AsyncNetworkBackend:
        """What opens the connection of one request."""
        return CheckedBackend(self._resolve, self._networks)

    async def send(self, request: httpcore.Request, seconds: float, read: Read) -> HttpAnswer:
        """Send a request and wait so long for its answer. Each goes over a connection of its own, so that no address is
        used that was not checked for this request. Raises TimeoutError, Reject and httpcore's errors.
        """
        request.headers.append((b"User-Agent", self._agent.encode("latin-1")))
        deadline = asyncio.get_running_loop().time() + seconds
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                pool = await stack.enter_async_context(
                    httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=self.backend())
                )
                response = await pool.handle_async_request(request)
                stack.push_async_callback(response.aclose)
            return HttpAnswer(response.status, _headers(response.headers), await read(response, deadline))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the very address it has checked: the name is not resolved again, so no second answer can differ."""

    def __init__(self, resolve: Resolve, networks: Sequence[Network]) -> None:
        self._resolve, self._networks = resolve, networks
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the host that may be reached and answers."""
        *first, last = allowed(host, await self._resolve(host, port), self._networks)
        for address in first:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):  # the next one may answer
                return await self._network.connect_tcp(address, port, FIRST_SECONDS, local_address, socket_options)
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


class Http:
    """A plugin's way out: `ctx.http`."""

    def __init__(self, outbound: Outbound, plugin: str, hosts: Sequence[str]) -> None:
        self._outbound, self._plugin, self._hosts = outbound, plugin, hosts

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout: float = 10.0,  # noqa: ASYNC109 - a plugin's author need not know how to bound it
    ) -> HttpAnswer:
        """Send one request; what comes back is the answer, whatever its status, and redirects are not followed.

        Raises Reject for what cannot work as it is (a bad URL, a private address) and Retry, with words for people, for
        what may (refused, reset, no answer in `timeout` seconds).
        """
        return await self._exchange(self._checked(method, url, headers, body), timeout, _body)

    async def get(
        self,
        url: str,
        headers: Mapping[str, str],
        most: int,
        timeout: float = 60.0,  # noqa: ASYNC109 - as above
    ) -> HttpAnswer:
        """Fetch a file: the answer with all of its body, which may have so many bytes.

        Raises what `send` raises, Reject for a longer body, Retry for one that breaks off. Redirects are not followed.
        """
        return await self._exchange(self._checked("GET", url, headers, b""), timeout, partial(_whole, most=most))

    def _checked(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
        """The request, if this plugin may send it. Raises Reject and Denied."""
        address = read_url(url)
        host = str(address.hostname)
        if not any(is_meant(pattern, host) for pattern in self._hosts):
            why = f'plugin {self._plugin} may not do this: its plugin.toml lacks rights.hosts = ["{host}"]'
            self._outbound.refused(self._plugin, "hosts", why)
            raise Denied(why)
        return _request(method, address, headers, body)

    async def _exchange(self, request: httpcore.Request, seconds: float, read: Read) -> HttpAnswer:
        host = request.url.host.decode()
        try:
            return await self._outbound.send(request, seconds, read)
        except PrivateAddress as error:
            self._outbound.refused(self._plugin, "networks", f"plugin {self._plugin} may not do this: {error.detail}")
            raise
        except TimeoutError:
            raise Retry(reason=f"{host}: no answer within {seconds:g} s") from None
        except FAILURES as error:
            raise Retry(reason=f"{host}: {words(error)}") from error


def is_meant(pattern: str, host: str) -> bool:
    """Whether one of `rights.hosts` names this host: exactly, as `*.example.org`, or as `*`."""
    host, pattern = host.rstrip(".").lower(), pattern.lower()
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def read_url(url: str) -> SplitResult:
    """The parts of an address requests can go to, its host in ASCII. Raises Reject."""
    if len(url) > LONGEST_URL:
        raise Reject(f"{url[:200]!r}… is not an address: it is longer than {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read when it is asked for
        host = (parts.hostname or "").encode("ascii" if (parts.hostname or "").isascii() else "idna").decode("ascii")
    except ValueError:
        raise Reject(f"{url[:200]!r} is not an address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Reject(f"{url[:200]!r} is not an address: one begins with https:// or http://")
    if "@" in parts.netloc:
        raise Reject("the address must not hold a name or password")
    if not HOST.fullmatch(host) or re.search(r"[\x00-\x20\x7f\\]", url):
        raise Reject(f"{url[:200]!r} is not an address: it holds characters none may hold")
    shown = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=shown + (f":{parts.port}" if parts.port is not None else ""))


def _request(method: str, address: SplitResult, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
    """The request as it will be sent. Raises Reject for a header nobody may send."""
    for name, value in headers.items():
        if not HEADER.fullmatch(name) or name.lower() in OURS or re.search(r"[^\t\x20-\x7e\x80-\xff]", value):
            raise Reject(f"the header {name[:100]!r} cannot be sent")
    target = quote(address.path or "/", safe="/%:=~+!$&,;'@()*") + (
        f"?{quote(address.query, safe='/%:=~+!$&,;@()*?[]')}" if address.query else ""
    )
    url = httpcore.URL(
        scheme=address.scheme.encode(), host=str(address.hostname).encode(), port=address.port, target=target.encode()
    )
    given = [(b"Host", address.netloc.encode()), (b"Content-Length", str(len(body)).encode())]
    given += [(name.encode(), value.strip().encode("latin-1")) for name, value in headers.items()]
    return httpcore.Request(method, url, headers=given, content=body)


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


async def _body(response: httpcore.Response, deadline: float) -> bytes:
    """The body as far as it comes: the status is the answer, and a server that never ends its body has given it."""
    body = b""
    with contextlib.suppress(*FAILURES):
        async with asyncio.timeout_at(deadline):
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) >= MAX_BODY:
                    break
    return body[:MAX_BODY]


async def _whole(response: httpcore.Response, deadline: float, most: int) -> bytes:
    """All of the body; TimeoutError and httpcore's errors where it does not come, Reject where it is too long."""
    body = bytearray()
    async with asyncio.timeout_at(deadline):
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > most:
                raise Reject(f"the file has more than {most:,} bytes, which is the most that is read")
    return bytes(body)


def words(error: BaseException) -> str:
    """What went wrong, as people say it."""
    deepest = error
    while (cause := deepest.__cause__ or deepest.__context__) is not None:
        deepest = cause
    if isinstance(deepest, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {deepest.verify_message}"
    if isinstance(deepest, ssl.SSLError):
        return f"TLS failed: {(deepest.reason or 'no reason given').lower().replace('_', ' ')}"
    if isinstance(deepest, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(deepest, OSError) and deepest.errno:
        return os.strerror(deepest.errno).lower()
    return str(deepest) or type(deepest).__name__
