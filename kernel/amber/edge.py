"""The ingest path: an ASGI application in front of the API, from the socket to a durable 200."""

import asyncio
import ipaddress
import logging
import math
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from amber.access import KeyCache
from amber.commit import Committer
from amber.config import Settings
from amber.dispatch import Dispatcher, check_fields
from amber.errors import Denied, PluginError, Reject, Unavailable
from amber.metrics import Metrics
from amber.model import (
    AuthRequest,
    BlobStore,
    IngestProtocol,
    IngestRequest,
    IngestRoute,
    Limited,
    OutcomeCount,
    Principal,
    Reading,
    Reply,
    Submission,
    Verdict,
)
from amber.paths import pattern_of
from amber.tally import Tally

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
log = logging.getLogger("amber.edge")
BODY_SECONDS = 60.0
"""How long a client may take to send its body."""
INLINE = 256 * 1024
"""Bodies above this many bytes are read in a thread, so that others need not wait."""
RETRY_AFTER = 5


class Endpoint(Struct, frozen=True):
    """One method and path of a protocol, ready to be matched."""

    protocol: IngestProtocol
    route: IngestRoute
    pattern: re.Pattern[str]


def endpoints(protocols: Sequence[IngestProtocol]) -> list[Endpoint]:
    """Every route of every protocol."""
    return [Endpoint(protocol, route, pattern_of(route)) for protocol in protocols for route in protocol.routes]


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
    """Answers ingest routes and hands everything else to `fallback`."""

    def __init__(self, protocols: Sequence[IngestProtocol], parts: Parts, fallback: Any) -> None:
        self._endpoints = endpoints(protocols)
        self._parts, self._fallback = parts, fallback
        self._in_flight = 0
        self._one_large = asyncio.Semaphore()
        self._limit = parts.settings.ingest.max_in_flight
        self._proxies = [ipaddress.ip_network(one, strict=False) for one in parts.settings.server.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        found = self._match(scope) if scope["type"] == "http" else None
        if found is None:
            await self._fallback(scope, receive, send)
            return
        endpoint, path = found
        request = self._request(scope, endpoint, path)
        reply = await self._answer(endpoint, request, receive)
        self._parts.metrics.requests.labels(endpoint.protocol.name, str(reply.status)).inc()
        await _send(send, reply, endpoint.protocol.cors)

    def _match(self, scope: Scope) -> tuple[Endpoint, Mapping[str, str]] | None:
        path = re.sub(r"/{2,}", "/", scope["path"])
        for endpoint in self._endpoints:
            if match := endpoint.pattern.fullmatch(path):
                return endpoint, match.groupdict()
        return None

    def _request(self, scope: Scope, endpoint: Endpoint, path: Mapping[str, str]) -> IngestRequest:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        return IngestRequest(
            method=scope["method"],
            route=endpoint.route.name,
            path=path,
            query=dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=b"",
            client_ip=client_ip((scope.get("client") or ("",))[0], headers, self._proxies),
            received_at=time.time(),
        )

    async def _answer(self, endpoint: Endpoint, request: IngestRequest, receive: Receive) -> Reply:
        protocol = endpoint.protocol
        try:
            if request.method == "OPTIONS":
                return Reply(200)
            if request.method not in endpoint.route.methods:
                raise Reject(f"{request.method} is not allowed here", status=405)
            return await self._take(endpoint, request, receive)
        except Reject as error:
            return refuse(protocol, request, error)
        except Denied as error:
            return refuse(protocol, request, Reject(error.detail, status=error.status))
        except Unavailable as error:
            log.warning("refused with 503: %s", error)
            reply = refuse(protocol, request, Reject("Amber cannot keep this right now; try again later", status=503))
            return replace(reply, headers=(*reply.headers, ("retry-after", str(RETRY_AFTER))))
        except Exception as error:  # one request's fault must not become another's
            log.exception("plugin %s failed on a request", protocol.name)
            cause = error.cause if isinstance(error, PluginError) else error
            self._parts.metrics.called(protocol.name, "ingest_protocols", 0.0, str(cause), type(cause).__name__)
            return refuse(protocol, request, Reject("this request could not be read", status=500))

    async def _take(self, endpoint: Endpoint, request: IngestRequest, receive: Receive) -> Reply:
        """Read, authenticate, check and commit one request, within the memory all requests share."""
        held = Held(self)
        try:
            body = await read_body(receive, endpoint.route.max_body, _declared(request), held)
            request = replace(request, body=body)
            protocol = endpoint.protocol
            credential = await self._aside(protocol.credential, request)
            auth = AuthRequest(
                request.method, "", request.headers, request.client_ip, credential.key, credential.project
            )
            principal = await self._parts.keys.principal(auth)
            project = principal.project or 0
            reading = await self._read(protocol, request, project)
            limited = await self._commit(protocol, request, principal, reading)
            return _reply(protocol, request, reading, limited)
        finally:
            held.release()

    async def _read(self, protocol: IngestProtocol, request: IngestRequest, project: int) -> Reading:
        try:
            return await self._aside(protocol.read, request, project)
        except Reject as error:
            reason, hour = f"http {error.status}", int(request.received_at // 3600)
            self._parts.tally.add(OutcomeCount(project, "default", "invalid", reason, hour=hour))
            raise

    async def _aside(self, function: Callable[..., T], request: IngestRequest, *more: Any) -> T:
        """The function's answer; with a large body it is found in a thread, so that other requests need not wait."""
        if len(request.body) <= INLINE:
            return function(request, *more)
        async with self._one_large:  # what large bodies inflate to is in memory once, however many come together
            return await asyncio.to_thread(function, request, *more)

    def reserve(self, size: int) -> None:
        """Count bytes as held. Raises Unavailable when the edge's memory for bodies is used up."""
        if self._in_flight + size > self._limit:
            raise Unavailable(f"request bodies already hold {self._in_flight} of {self._limit} bytes")
        self._in_flight += size

    def release(self, size: int) -> None:
        """Count bytes as free again."""
        self._in_flight -= size

    async def _commit(
        self, protocol: IngestProtocol, request: IngestRequest, principal: Principal, reading: Reading
    ) -> list[Limited]:
        """Keep what is admitted, and what was refused as a count; which limits the client has run into."""
        if not reading.items:
            return []
        verdicts = await self._verdicts(reading, principal)
        project = principal.project or 0
        submission = Submission(
            id=secrets.token_hex(12),
            protocol=protocol.name,
            route=request.route,
            project=project,
            received_at=request.received_at,
            encoding=reading.encoding,
            meta={**reading.meta, "categories": [item.category for item in reading.items]},
            dropped=dropped(reading, verdicts, project, request.received_at),
            body=request.body if reading.body is None else reading.body,
        )
        if len(submission.body) > self._parts.committer.largest:
            submission = await self._park(submission)
        await self._parts.committer.commit(submission)
        for item in reading.items:
            self._parts.metrics.received.labels(item.category).inc(item.quantity)
        return limits(reading, verdicts)

    async def _park(self, submission: Submission) -> Submission:
        """Put a body that is too large for the bus into the blob store; the submission then only names it."""
        key = f"bodies/{submission.project}/{submission.id}"
        await asyncio.to_thread(self._parts.blobs.put, key, submission.body)
        return replace(submission, blob=key, body=b"")

    async def _verdicts(self, reading: Reading, principal: Principal) -> dict[int, Verdict]:
        """Which items plugins refuse; the first verdict about an item holds."""
        dispatcher = self._parts.dispatcher
        if not dispatcher.plugins("admit_items"):
            return {}
        project = await self._parts.keys.project(principal.project or 0)
        answers = await dispatcher.collect(
            "admit_items", _verdicts_of(len(reading.items)), items=reading.items, principal=principal, project=project
        )
        refused: dict[int, Verdict] = {}
        for answer in answers:
            refused = {**answer.value, **refused}
        return refused


def dropped(reading: Reading, verdicts: Mapping[int, Verdict], project: int, at: float) -> dict[int, OutcomeCount]:
    """How refused items are counted."""
    hour = int(at // 3600)
    return {
        position: OutcomeCount(
            project, item.category, verdicts[position].outcome, verdicts[position].reason[:64], item.quantity, hour
        )
        for position, item in enumerate(reading.items)
        if position in verdicts
    }


def limits(reading: Reading, verdicts: Mapping[int, Verdict]) -> list[Limited]:
    """What the client should not send for a while: one entry for each scope and reason."""
    found: dict[tuple[str, str], tuple[set[str], float]] = {}
    for position, verdict in verdicts.items():
        if verdict.outcome != "filtered":
            categories, longest = found.get((verdict.scope, verdict.reason), (set(), 0.0))
            categories.add(reading.items[position].category)
            found[verdict.scope, verdict.reason] = categories, max(longest, verdict.retry_after)
    return [
        Limited(tuple(sorted(categories)), longest, scope, reason)
        for (scope, reason), (categories, longest) in found.items()
    ]


def refuse(protocol: IngestProtocol, request: IngestRequest, error: Reject) -> Reply:
    """A refusal in the protocol's own words, or a plain 500 if it fails at that too."""
    try:
        return protocol.refuse(request, error.status, error.detail, error.causes)
    except Exception:
        log.exception("plugin %s failed to refuse a request", protocol.name)
        return Reply(500)


class Held:
    """The bytes one request holds of the memory all requests share."""

    def __init__(self, edge: Edge) -> None:
        self._edge, self._size = edge, 0

    def grow(self, size: int) -> None:
        """Hold more. Raises Unavailable."""
        self._edge.reserve(size)
        self._size += size

    def release(self) -> None:
        """Let go of all of it."""
        self._edge.release(self._size)
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


def _declared(request: IngestRequest) -> int | None:
    value = request.headers.get("content-length", "")
    return int(value) if value.isdecimal() else None


def _reply(protocol: IngestProtocol, request: IngestRequest, reading: Reading, limited: Sequence[Limited]) -> Reply:
    if not limited:
        return protocol.reply(request, reading)
    longest = max(limit.retry_after for limit in limited)
    reply = protocol.refuse(request, 429, f"rate limited: {limited[0].reason}", ())
    headers = (*reply.headers, ("retry-after", str(math.ceil(longest))), *protocol.limited(limited))
    return replace(reply, headers=headers)


def _verdicts_of(count: int) -> Callable[[Any], Mapping[int, Verdict]]:
    def check(value: Any) -> Mapping[int, Verdict]:
        if not isinstance(value, Mapping):
            raise TypeError(f"answered {type(value).__name__}, expected verdicts by position")
        if not all(isinstance(one, Verdict) for one in value.values()) or any(key not in range(count) for key in value):
            raise TypeError(f"answered something else than verdicts about {count} items")
        for one in value.values():
            check_fields(one)
        return value

    return check


async def _send(send: Send, reply: Reply, cors: Sequence[tuple[str, str]]) -> None:
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", str(len(reply.body)).encode())]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*cors, *reply.headers)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
