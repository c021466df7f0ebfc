"""Whole requests to every ingest route of every plugin: credential, reading, decoding, answer."""

import re
from collections.abc import Iterator
from functools import partial
from importlib.metadata import entry_points
from inspect import iscoroutinefunction
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from amber.errors import Denied, Reject
from amber.ingest.edge import Endpoint, described, endpoints
from amber.model import Decoded, IngestRequest, Item, ItemHandler, Reading, Submission
from amber.testing.contexts import make_context
from amber.wire import frames

from .decoder import Decoder, Run
from .events import digest

NOON = 1_795_300_000.0
BLOB_KEY = re.compile(r"[A-Za-z0-9._/-]+")


def decoders() -> list[Decoder]:
    """One for each route that any installed plugin answers."""
    return [
        Decoder(f"{protocol}_{endpoint.route.name}", partial(_request, module, endpoint), (Reject, Denied))
        for protocol, module, endpoint in routes()
    ]


def routes() -> Iterator[tuple[str, ModuleType, Endpoint]]:
    """Every ingest route there is, with the protocol's name and the plugin's module."""
    for entry in sorted(entry_points(group="amber.plugins"), key=lambda entry: entry.name):
        module = entry.load()
        if not hasattr(module, "ingest_protocols"):
            continue
        for endpoint in endpoints(module.ingest_protocols(ctx=make_context(module, module.Config()))):
            yield endpoint.protocol.name, module, endpoint


class Blobs:
    """Takes what handlers keep, under keys a blob store knows."""

    def put(self, key: str, data: bytes) -> None:
        """Keep nothing; a key that leads elsewhere is a find."""
        assert BLOB_KEY.fullmatch(key), key
        assert ".." not in key.split("/"), key

    def write_attachments(self, rows: Any) -> None:
        """Keep nothing; a row that is no plain text is a find."""
        msgspec.json.encode(rows)


def _request(module: ModuleType, endpoint: Endpoint) -> Run:
    """The file is `METHOD address`, headers, an empty line and the body; where the path is another route's, it is taken
    for this one with the path's parameters left empty.
    """
    context = make_context(module, module.Config(), blob_store=Blobs(), event_store=Blobs())
    handlers: list[ItemHandler] = module.item_handlers() if hasattr(module, "item_handlers") else []

    def run(data: bytes) -> object:
        request = _read(data, endpoint)
        protocol = endpoint.protocol
        try:
            credential = protocol.credential(request)
            reading = protocol.read(request, 42)
        except (Reject, Denied) as refused:
            reply = protocol.refuse(request, refused.status, refused.detail, getattr(refused, "causes", ()))
            _check_headers(reply.headers)
            _decode(endpoint, _submission(request, endpoint, Reading((), {"form": request.route})))
            raise
        reply = protocol.reply(request, reading)
        _check_headers(reply.headers)
        decoded = _decode(endpoint, _submission(request, endpoint, reading))
        handled = [_handle(handlers, item, context) for item in decoded.items]
        return credential, reading.items, reply, digest(decoded.events), decoded.items, decoded.outcomes, handled

    return run


def _read(data: bytes, endpoint: Endpoint) -> IngestRequest:
    """What the edge makes of a request's bytes."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, address = first.partition(" ")
    path, _, query = address.partition("?")
    pairs = (line.partition(":") for line in lines)
    match = endpoint.pattern.fullmatch(path)
    names = re.findall(r"{(\w+)}", endpoint.route.path)
    return IngestRequest(
        method=method if method in endpoint.route.methods else "POST",
        route=endpoint.route.name,
        path=match.groupdict() if match else dict.fromkeys(names, ""),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.strip().lower(): value.strip() for name, _, value in pairs},
        body=body,
        client_ip="203.0.113.9",
        received_at=NOON,
    )


def _submission(request: IngestRequest, endpoint: Endpoint, reading: Reading) -> Submission:
    """The submission as a worker finds it in a frame."""
    sent = Submission(
        id="0" * 24,
        protocol=endpoint.protocol.name,
        route=request.route,
        project=42,
        received_at=request.received_at,
        encoding=reading.encoding,
        meta={**reading.meta, **described(reading.items)},
        body=request.body if reading.body is None else reading.body,
    )
    [arrived] = frames.decode(frames.encode([sent]))
    return arrived


def _decode(endpoint: Endpoint, submission: Submission) -> Decoded:
    """What a worker makes of it: never an error, whatever the bytes are."""
    try:
        decoded = endpoint.protocol.decode(submission)
    except (Reject, Denied) as refused:
        raise AssertionError(f"decode raised {refused!r} for a worker to stumble over") from refused
    for event in decoded.events:
        assert re.fullmatch(r"[0-9a-f]{32}", event.id), event.id
    return decoded


def _handle(handlers: list[ItemHandler], item: Item, context: Any) -> object:
    """What became of an item; a handler that waits for a database has a decoder of its own for what it reads."""
    mine = [one for one in handlers if item.type in one.types and not iscoroutinefunction(one.handle)]
    return [handler.handle([item], context) for handler in mine]


def _check_headers(headers: tuple[tuple[str, str], ...]) -> None:
    for name, value in headers:
        plain = f"{name}: {value}".encode("latin-1")
        assert b"\n" not in plain, headers
        assert b"\r" not in plain, headers
