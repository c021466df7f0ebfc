"""The page about HTTP: the ingest routes of the protocols and every route of the application."""

import asyncio
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from amber.config import Settings
from amber.kernel import Kernel
from amber.model import IngestProtocol
from amber.running.app import Applications
from amber.running.health import Health
from amber.running.mounts import Mounts
from amber.version import version
from amber.watching.status import Board
from reference.markdown import code, codes, prose, table

INTRODUCTION = """# HTTP API

A running Amber describes its API in full, with every field, under `/api/docs`, and as OpenAPI under
`/api/docs/openapi.json`. This page lists what there is, and what one must be allowed to do to use it.

Programs show an API token: `Authorization: Bearer <token>`, made with `amber token create`. Names in JSON are
snake_case, times RFC 3339 in UTC, ids strings. Lists come in pages: `{"items": […], "next": cursor or null}`; hand
`next` back as `cursor`. Errors are problem details (RFC 9457). What belongs to another organisation answers 404.
"""
HIDDEN = ("/api/docs", "/static/")


def page() -> str:
    """The Markdown of the page."""
    protocols, app = asyncio.run(_started())
    return "\n\n".join([INTRODUCTION.rstrip(), "## ingest", _ingest(protocols), *_routes(app)])


async def _started() -> tuple[list[IngestProtocol], Mounts]:
    """The protocols and the application of an Amber that has neither bus nor stores."""
    kernel = Kernel(Settings(), Path(os.devnull))
    await kernel.start(is_storing=False)
    try:
        mounts = await Applications(kernel, Health(kernel, Board(), ""), version()).settle()
        return list((await kernel.protocols()).values()), mounts
    finally:
        await kernel.stop()


def _ingest(protocols: list[IngestProtocol]) -> str:
    rows = [
        (codes(sorted(route.methods)), code(route.path), protocol.name, f"{route.max_body / (1 << 20):g} MiB")
        for protocol in sorted(protocols, key=lambda protocol: protocol.name)
        for route in protocol.routes
    ]
    return table(["Method", "Path", "Plugin", "Largest body"], rows)


def _routes(app: Mounts) -> Iterator[str]:
    found = [(_tag(handler), path, _methods(handler), handler) for path, handler in _handlers(app)]
    for tag, group in groupby(sorted(found, key=lambda each: each[:3]), key=lambda each: each[0]):
        rows = [
            (methods, code(path), code(handler.opt["action"]), _summary(handler)) for _, path, methods, handler in group
        ]
        yield f"## {tag}\n\n" + table(["Method", "Path", "Action", "What it does"], rows)


def _handlers(app: Mounts) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith(HIDDEN):
            for handler in route.route_handlers:
                if "action" in handler.opt:
                    yield route.path_format, handler


def _tag(handler: HTTPRouteHandler) -> str:
    return next(iter(sorted(handler.tags or ())), "pages")


def _methods(handler: HTTPRouteHandler) -> str:
    return codes(sorted(handler.http_methods - {"HEAD"}))


def _summary(handler: HTTPRouteHandler) -> str:
    function = getattr(handler.fn, "func", handler.fn)  # Litestar wraps what runs in a thread
    return prose(function).partition("\n\n")[0]
