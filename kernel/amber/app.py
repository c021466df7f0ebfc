"""The Litestar application: what plugins mount, health, metrics, API documentation; the edge stands in front of it."""

import asyncio
import ipaddress
import logging
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router

from amber.access import Access
from amber.crosssite import is_cross_site
from amber.dispatch import Answer
from amber.errors import AmberError, Denied
from amber.intake import client_ip
from amber.kernel import Kernel
from amber.model import PUBLIC, AuthRequest, Resource
from amber.problems import HANDLERS
from amber.status import Board, merge

log = logging.getLogger("amber.app")
ASSETS = Path(__file__).parent / "assets"
Connection = ASGIConnection[Any, Any, Any, Any]
OPEN = {"action": PUBLIC}


class Guard:
    """Stands before every route: who is asking, and does the route's action allow it."""

    def __init__(self, kernel: Kernel) -> None:
        self._access = Access(kernel.dispatcher)
        self._url = kernel.settings.server.url
        proxies = kernel.settings.server.trusted_proxies
        self._proxies = [ipaddress.ip_network(one, strict=False) for one in proxies]

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Set the connection's user, or raise Denied."""
        action = handler.opt.get("action")
        if action is None:
            raise Denied("this route names no action, so nobody may use it")
        request = self._describe(connection)
        principal = await self._access.authenticate(request)
        # what a program shows it shows on purpose; a cookie goes along with whatever a page of any site asks for
        is_browser = principal.session is not None or principal.kind == "anonymous"
        if is_browser and is_cross_site(request.method, request.headers, self._url):
            raise Denied("this was sent by a page of another site, so nothing was done")
        connection.scope["user"] = principal
        connection.scope["amber_client_ip"] = request.client_ip  # type: ignore[typeddict-unknown-key]  # for audit logs
        await self._access.authorise(principal, action, Resource(principal.organisation))

    def _describe(self, connection: Connection) -> AuthRequest:
        headers = {name.lower(): value for name, value in connection.headers.items()}
        peer = connection.client.host if connection.client else ""
        ip = client_ip(peer, headers, self._proxies)
        return AuthRequest(str(connection.scope.get("method", "GET")), connection.url.path, headers, ip)


class Health:
    """What `/health` and `/metrics` answer for all processes."""

    def __init__(self, kernel: Kernel, board: Board, process: str) -> None:
        self._kernel, self._board, self._process = kernel, board, process

    async def problems(self) -> list[str]:
        """What keeps Amber from working, one sentence for each part."""
        found = []
        if self._kernel.bus is None or not self._kernel.bus.is_ready:
            found.append("bus: NATS does not answer")
        try:
            async with asyncio.timeout(3):
                await asyncio.to_thread(self._kernel.stores.directory.organisations)
        except (AmberError, TimeoutError) as error:
            found.append(f"database: {error or 'no answer within 3 s'}")
        workers = [status for status in self._board.alive() if status.role == "worker"]
        if not workers:
            found.append("worker: none has been heard of lately; items are kept, but not digested")
        found += dict.fromkeys(problem for status in workers for problem in status.problems)  # a pause is everybody's
        answers: list[Answer[Any]] = await self._kernel.dispatcher.collect("plugin_health", lambda value: value)
        return found + [f"plugin {answer.plugin}: {answer.value}" for answer in answers if answer.value]

    def metrics(self) -> bytes:
        """Prometheus text of this process and of every other one that was heard lately."""
        return merge(self._process, self._kernel.metrics.render().decode(), self._board.others(self._process))


def health_routes(health: Health) -> list[Any]:
    """`/health/live`, `/health/ready` and `/metrics`: open, because whoever watches Amber has no token of its."""

    @get("/health/live", opt=OPEN, tags=["health"], media_type=MediaType.JSON)
    async def live() -> dict[str, str]:
        """Whether this process answers at all."""
        return {"status": "alive"}

    @get("/health/ready", opt=OPEN, tags=["health"])
    async def ready() -> Response[dict[str, Any]]:
        """Whether every part works; 503 with one sentence for each that does not."""
        problems = await health.problems()
        body = {"status": "ready" if not problems else "not ready", "problems": problems}
        return Response(body, status_code=503 if problems else 200, media_type=MediaType.JSON)

    @get("/metrics", opt=OPEN, tags=["health"])
    async def metrics() -> Response[bytes]:
        """Counters of all processes in Prometheus's text form."""
        return Response(health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [live, ready, metrics]


def api_docs(version: str) -> OpenAPIConfig:
    """OpenAPI under `/api/docs`, with a page that needs no other host."""
    vendored = "/static/amber/vendor/swagger-ui"
    page = SwaggerRenderPlugin(
        js_url=f"{vendored}/swagger-ui-bundle.js",
        css_url=f"{vendored}/swagger-ui.css",
        standalone_preset_js_url=f"{vendored}/swagger-ui-standalone-preset.js",
        favicon="<link rel='icon' href='data:,'>",
        path="/",
    )
    return OpenAPIConfig(
        title="Amber",
        version=version,
        use_handler_docstrings=True,
        render_plugins=[page],
        openapi_router=Router(path="/api/docs", route_handlers=[], opt=OPEN),
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
    )


async def make_app(kernel: Kernel, health: Health, version: str) -> Litestar:
    """The application with every running plugin's routes; a plugin whose routes cannot be mounted loses them alone."""
    guard = Guard(kernel)
    own: list[Any] = [
        *health_routes(health),
        create_static_files_router(path="/static/amber", directories=[ASSETS], opt=OPEN),
    ]
    offered = await kernel.dispatcher.collect("api_routes", list)

    def build() -> Litestar:
        try:
            return _app(guard, [*own, *(route for answer in offered for route in answer.value)], version)
        except Exception:  # one of them cannot be mounted; which one is found by trying each
            return _app(guard, [*own, *_mountable(kernel, own, offered)], version)

    # a second of work when plugins are switched, during which events keep coming in
    return await asyncio.to_thread(build)


def _mountable(kernel: Kernel, own: list[Any], offered: list[Answer[list[Any]]]) -> list[Any]:
    """The routes of every plugin whose routes can be mounted beside those before it; the others are marked failed."""
    routes: list[Any] = []
    for answer in offered:
        try:
            Litestar([*own, *routes, *answer.value], openapi_config=None, logging_config=None)
        except Exception as error:  # whatever Litestar makes of a stranger's handlers, it is the stranger's fault
            kernel.metrics.called(answer.plugin, "api_routes", 0.0, str(error), type(error).__name__)
            kernel.registry.fail(answer.plugin, f"its routes cannot be mounted: {error}")
        else:
            routes += answer.value
    return routes


def _app(guard: Guard, handlers: list[Any], version: str) -> Litestar:
    return Litestar(
        route_handlers=handlers,
        guards=[guard],
        exception_handlers=HANDLERS,
        openapi_config=api_docs(version),
        logging_config=None,
        request_max_body_size=10 * 1024 * 1024,
    )
