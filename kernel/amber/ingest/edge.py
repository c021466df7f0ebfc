"""The ingest path: an ASGI application in front of the API, from the socket to a durable 200."""

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from amber.config import Settings
from amber.errors import Denied, PluginError, Reject, Unavailable
from amber.identity.access import KeyCache
from amber.ingest.admission import EVERYTHING, Arrival, admit, dropped, headers, is_all_refused, refused, wait_of
from amber.ingest.commit import Committer
from amber.ingest.intake import Held, Memory, Patience, Receive, client_ip, read_body
from amber.ingest.tally import Tally
from amber.metrics import Metrics
from amber.model import (
    Admission,
    AuthRequest,
    BlobStore,
    IngestProtocol,
    IngestRequest,
    IngestRoute,
    ItemNote,
    Reading,
    Reply,
    Submission,
)
from amber.parked import key_of
from amber.plugin.dispatch import REQUEST, Dispatcher
from amber.wire.paths import pattern_of

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
log = logging.getLogger("amber.edge")
INLINE, INLINE_PACKED = 256 * 1024, 32 * 1024
"""Bodies above this many bytes, plain or compressed, are read in a thread, so that others need not wait."""
RETRY_AFTER = 5
REMEMBERED = 4096
"""Paths whose endpoints are remembered."""


class Endpoint(Struct, frozen=True):
    """One method and path of a protocol, ready to be matched."""

    protocol: IngestProtocol
    route: IngestRoute
    pattern: re.Pattern[str]
    cors: tuple[tuple[bytes, bytes], ...]


def endpoints(protocols: Sequence[IngestProtocol]) -> list[Endpoint]:
    """Every route of every protocol."""
    return [
        Endpoint(protocol, route, pattern_of(route), tuple(map(_encoded, protocol.cors)))
        for protocol in protocols
        for route in protocol.routes
    ]


def submission_ids() -> Iterator[str]:
    """Random ids, asked of the system many at a time: asking for one costs as much as matching its path."""
    while True:
        many = secrets.token_hex(12 * 256)
        yield from (many[start : start + 24] for start in range(0, len(many), 24))


class Parts(Struct, frozen=True):
    """What the edge stands on."""

    dispatcher: Dispatcher
    keys: KeyCache
    committer: Committer
    blobs: BlobStore
    metrics: Metrics
    settings: Settings
    tally: Tally


class Edge:
    """Answers ingest routes and hands everything else to an application."""

    def __init__(self, parts: Parts) -> None:
        self._endpoints: list[Endpoint] = []
        self._paths: dict[str, tuple[Endpoint, Mapping[str, str]] | None] = {}
        self._parts = parts
        self._fallback: Any = None
        self._ending = asyncio.Event()
        self.memory = Memory(parts.settings.ingest.max_in_flight)
        self.patience = Patience()
        self._ids = submission_ids()
        self._one_large = asyncio.Semaphore()
        self._proxies = [ipaddress.ip_network(one, strict=False) for one in parts.settings.server.trusted_proxies]

    def serve(self, protocols: Sequence[IngestProtocol], fallback: Any) -> None:
        """Answer these protocols, and hand everything else to `fallback`, from the next request on."""
        self._endpoints, self._paths, self._fallback = endpoints(protocols), {}, fallback

    def end(self) -> None:
        """Let answers that go on for as long as the client listens come to their end."""
        self._ending.set()

    def _until_the_end(self, receive: Receive) -> Receive:
        """What an application hears from its client; after `end` every client that waits counts as gone."""
        is_read = False

        async def hear() -> Any:
            nonlocal is_read
            if not is_read:
                message = await receive()
                is_read = not message.get("more_body", False)
                return message
            return await first_of(receive(), self._ending.wait()) or {"type": "http.disconnect"}

        return hear

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if self._parts.dispatcher.watch is not None:
            REQUEST.set(scope.get("path", ""))
        found = self._match(scope) if scope["type"] == "http" else None
        if found is None:
            await self._fallback(scope, self._until_the_end(receive), send)
            return
        endpoint, path = found
        request = self._request(scope, endpoint, path)
        reply = await self._answer(endpoint, request, receive)
        self._parts.metrics.answered(endpoint.protocol.name, reply.status)
        await _send(send, reply, endpoint.cors)

    def _match(self, scope: Scope) -> tuple[Endpoint, Mapping[str, str]] | None:
        path = scope["path"]
        if path not in self._paths:
            if len(self._paths) >= REMEMBERED:
                self._paths.clear()
            self._paths[path] = self._find(re.sub(r"/{2,}", "/", path))
        return self._paths[path]

    def _find(self, path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        for endpoint in self._endpoints:
            if match := endpoint.pattern.fullmatch(path):
                return endpoint, match.groupdict()
        return None

    def _request(self, scope: Scope, endpoint: Endpoint, path: Mapping[str, str]) -> IngestRequest:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query: bytes = scope.get("query_string", b"")
        return IngestRequest(
            method=scope["method"],
            route=endpoint.route.name,
            path=path,
            query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
            headers=headers,
            body=b"",
            client_ip=client_ip((scope.get("client") or ("",))[0], headers, self._proxies),
            received_at=time.time(),
        )

    async def _answer(self, endpoint: Endpoint, request: IngestRequest, receive: Receive) -> Reply:
        protocol, arrival = endpoint.protocol, Arrival()
        if request.method == "OPTIONS":
            return Reply(200)
        if request.method not in endpoint.route.methods:
            return refuse(protocol, request, Reject(f"{request.method} is not allowed here", status=405))
        try:
            return await self._take(endpoint, request, receive, arrival)
        except Reject as error:
            refusal = error.with_traceback(None)  # it leads to the body and back here, and would keep both for long
        except Denied as error:
            refusal = Reject(error.detail, status=error.status)
        except Unavailable as error:
            log.warning("refused with 503: %s", error)
            refusal = Reject("Amber cannot keep this right now; try again later", status=503)
        except Exception as error:  # one request's fault must not become another's
            log.exception("plugin %s failed on a request", protocol.name)
            cause = error.cause if isinstance(error, PluginError) else error
            self._parts.metrics.called(protocol.name, "ingest_protocols", 0.0, str(cause), type(cause).__name__)
            refusal = Reject("this request could not be read", status=500)
        for count in refused(arrival, refusal.status, request.received_at):
            self._parts.tally.add(count)
        reply = refuse(protocol, request, refusal)
        retry = (("retry-after", str(RETRY_AFTER)),) if refusal.status == 503 else ()
        return replace(reply, headers=(*reply.headers, *retry))

    async def _take(self, endpoint: Endpoint, request: IngestRequest, receive: Receive, arrival: Arrival) -> Reply:
        """Read, authenticate, check and commit one request, within the memory all requests share."""
        held = Held(self.memory)
        try:
            _check_declared(request, endpoint.route)
            body = await read_body(receive, endpoint.route.max_body, held, self.patience)
            request = replace(request, body=body)
            protocol = endpoint.protocol
            credential = await self._aside(protocol.credential, request)
            auth = AuthRequest(
                request.method, "", request.headers, request.client_ip, credential.key, credential.project
            )
            principal = await self._parts.keys.principal(auth)
            arrival.project = principal.project or 0
            arrival.reading = reading = await self._aside(protocol.read, request, arrival.project)
            if not reading.items:
                return protocol.reply(request, reading)
            admission = await admit(self._parts.dispatcher, self._parts.keys, reading, principal)
            await self._commit(protocol, request, arrival, admission)
            return _reply(protocol, request, reading, admission)
        finally:
            held.release()

    async def _aside(self, function: Callable[..., T], request: IngestRequest, *more: Any) -> T:
        """The function's answer; with a large body it is found in a thread, so that other requests need not wait."""
        if len(request.body) <= (INLINE_PACKED if request.headers.get("content-encoding") else INLINE):
            return function(request, *more)
        async with self._one_large:  # what large bodies inflate to is in memory once, however many come together
            return await asyncio.to_thread(function, request, *more)

    async def _commit(
        self, protocol: IngestProtocol, request: IngestRequest, arrival: Arrival, admission: Admission
    ) -> None:
        """Keep what is admitted, and what was refused as a count."""
        project, reading = arrival.project, arrival.reading
        left_out = dropped(reading, admission.refused, project, request.received_at) if admission.refused else {}
        if is_all_refused(reading, left_out):
            for count in left_out.values():
                self._parts.tally.add(count)
            return
        submission = Submission(
            id=next(self._ids),
            protocol=protocol.name,
            route=request.route,
            project=project,
            received_at=request.received_at,
            encoding=reading.encoding,
            meta={**reading.meta, **described(reading.items)},
            dropped=left_out,
            body=request.body if reading.body is None else reading.body,
        )
        if len(submission.body) > self._parts.committer.largest:
            submission = await self._park(submission)
        await self._parts.committer.commit(submission)
        for item in reading.items:
            self._parts.metrics.took(item.category, item.quantity)

    async def _park(self, submission: Submission) -> Submission:
        """Put a body that is too large for the bus into the blob store; the submission then only names it."""
        key = key_of(submission.project, submission.id)
        await asyncio.to_thread(self._parts.blobs.put, key, submission.body)
        return replace(submission, blob=key, body=b"")


def described(items: Sequence[ItemNote]) -> dict[str, Any]:
    """What must be known of a submission's items to count them although they cannot be decoded."""
    told: dict[str, Any] = {"categories": [item.category for item in items]}
    if any(item.quantity != 1 for item in items):
        told["quantities"] = [item.quantity for item in items]
    return told


def refuse(protocol: IngestProtocol, request: IngestRequest, error: Reject) -> Reply:
    """A refusal in the protocol's own words, or a plain 500 if it fails at that too."""
    try:
        return protocol.refuse(request, error.status, error.detail, error.causes)
    except Exception:
        log.exception("plugin %s failed to refuse a request", protocol.name)
        return Reply(500)


def _check_declared(request: IngestRequest, route: IngestRoute) -> None:
    """Raise Reject(413) where the client says itself that it sends too much."""
    value = request.headers.get("content-length", "")
    if value.isdecimal() and int(value) > route.max_body:
        raise Reject(f"the body has {int(value)} bytes, at most {route.max_body} are taken", status=413)


def _reply(protocol: IngestProtocol, request: IngestRequest, reading: Reading, admission: Admission) -> Reply:
    if admission is EVERYTHING:
        return protocol.reply(request, reading)
    told, wait = headers(protocol, reading, admission), wait_of(reading, admission)
    if not wait:
        reply = protocol.reply(request, reading)
        return replace(reply, headers=(*reply.headers, *told))
    reason = next(one.reason for one in admission.refused.values() if one.outcome != "filtered")
    reply = protocol.refuse(request, 429, f"rate limited: {reason}", ())
    return replace(reply, headers=(*reply.headers, ("retry-after", str(wait)), *told))


async def _send(send: Send, reply: Reply, cors: Sequence[tuple[bytes, bytes]]) -> None:
    length = b"%d" % len(reply.body)
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", length), *cors]
    headers += map(_encoded, reply.headers)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _encoded(header: tuple[str, str]) -> tuple[bytes, bytes]:
    return header[0].encode("latin-1"), header[1].encode("latin-1")


async def first_of(message: Awaitable[Any], end: Awaitable[Any]) -> Any:
    """The message, or None where the end came before it."""
    asked = [asyncio.ensure_future(one) for one in (message, end)]
    try:
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        return asked[0].result() if asked[0].done() else None
    finally:
        for one in asked:
            one.cancel()
