"""The description of the API, of all plugins' routes together, under `/api/docs`."""

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Litestar, MediaType, Request, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from amber.model import PUBLIC

VENDORED = "/static/amber/vendor/swagger-ui"


def docs_routes(version: str, routes: Callable[[], list[Any]]) -> list[Any]:
    """A page that needs no other host, and OpenAPI as JSON; put together when somebody looks."""
    page = SwaggerRenderPlugin(
        js_url=f"{VENDORED}/swagger-ui-bundle.js",
        css_url=f"{VENDORED}/swagger-ui.css",
        standalone_preset_js_url=f"{VENDORED}/swagger-ui-standalone-preset.js",
        favicon="<link rel='icon' href='data:,'>",
    )

    async def described() -> dict[str, Any]:
        # a tenth of a second, during which events keep coming in
        return await asyncio.to_thread(_described, version, routes())

    @get("/api/docs", action=PUBLIC, media_type=MediaType.HTML, tags=["health"])
    async def show(request: Request[Any, Any, Any]) -> bytes:
        """This description, for people."""
        return page.render(request, await described())

    @get("/api/docs/openapi.json", action=PUBLIC, tags=["health"])
    async def openapi() -> dict[str, Any]:
        """This description, for programs."""
        return await described()

    return [show, openapi]


def _described(version: str, routes: list[Any]) -> dict[str, Any]:
    """One application of all routes, which nobody asks anything else: names that two plugins gave are told apart."""
    config = OpenAPIConfig(
        title="Amber",
        version=version,
        use_handler_docstrings=True,
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
    )
    return Litestar(routes, openapi_config=config, logging_config=None).openapi_schema.to_schema()
