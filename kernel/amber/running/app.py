"""The Litestar applications: the kernel's own, and one for each plugin that has routes; the edge stands before them."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response
from litestar.static_files import create_static_files_router
from msgspec import Struct

from amber.errands.callbacks import Pace, webhook_route
from amber.errors import PluginError
from amber.kernel import Kernel
from amber.problems import HANDLERS, on_failure
from amber.running.apidocs import docs_routes
from amber.running.guard import Guard
from amber.running.health import OPEN, Health, health_routes
from amber.running.mounts import Mounts

ASSETS = Path(__file__).parents[1] / "assets"


class Applications:
    """The kernel's own application, and a small one for each plugin with routes, made once for as long as it runs."""

    def __init__(self, kernel: Kernel, health: Health, version: str) -> None:
        self._kernel, self._guard = kernel, Guard(kernel)
        self._made: dict[str, _Made] = {}
        described = docs_routes(version, self._routes)
        self._own: list[Any] = [*health_routes(health), webhook_route(kernel, Pace()), *described]
        files = create_static_files_router("/static/amber", [ASSETS], opt=OPEN)
        self._first = self._app([*self._own, files], HANDLERS)

    def _routes(self) -> list[Any]:
        return [*self._own, *(route for made in self._made.values() for route in made.routes)]

    async def settle(self) -> Mounts:
        """Everything that is served now; a plugin whose routes cannot be mounted loses them alone."""
        made: dict[str, _Made] = {}
        mounts = Mounts(self._first)
        for plugin in self._kernel.dispatcher.plugins("api_routes"):
            try:
                made[plugin] = await self._make(plugin)
                mounts.mount(made[plugin].app)
            except PluginError:
                continue  # logged and counted where it happened
            except Exception as error:  # whatever Litestar makes of a stranger's handlers, it is the stranger's fault
                made.pop(plugin, None)
                self._failed(plugin, error)
                self._kernel.registry.fail(plugin, f"its routes cannot be mounted: {error}")
        self._made = made
        return mounts

    async def _make(self, plugin: str) -> "_Made":
        """A plugin's application, the one it has unless it was switched off and on since."""
        context, known = self._kernel.dispatcher.contexts.get(plugin), self._made.get(plugin)
        if known is not None and known.context is context:
            return known
        routes = await self._kernel.dispatcher.ask(plugin, "api_routes", list)
        handlers = {**HANDLERS, Exception: partial(self._on_failure, plugin)}
        # a twentieth of a second for the larger ones, during which events keep coming in
        return _Made(context, routes, await asyncio.to_thread(self._app, routes, handlers))

    def _app(self, routes: list[Any], handlers: Any) -> Litestar:
        return Litestar(
            route_handlers=routes,
            guards=[self._guard],
            exception_handlers=handlers,
            openapi_config=None,
            logging_config=None,
            request_max_body_size=10 * 1024 * 1024,
        )

    def _on_failure(self, plugin: str, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        self._failed(plugin, error)
        return on_failure(request, error)

    def _failed(self, plugin: str, error: Exception) -> None:
        kind = type(error).__name__
        self._kernel.metrics.called(plugin, "api_routes", 0.0, f"{kind}: {error}", kind)


class _Made(Struct, frozen=True):
    """A plugin's application, what it is made of, and for which of the plugin's lives."""

    context: Any
    routes: list[Any]
    app: Litestar
