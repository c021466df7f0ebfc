"""The console's routes with what their handlers are given."""

from collections.abc import Sequence
from typing import Any

from litestar import Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from amber import Context
from amber_console.home.assets import Assets
from amber_console.home.live import Hub, hub_of
from amber_console.home.login import login_routes
from amber_console.home.pages import Pages
from amber_console.home.refusals import REFUSALS
from amber_console.home.routes import HANDLERS
from amber_console.home.visitor import visitors


def mounted(ctx: Context[Any]) -> Sequence[Router | HTTPRouteHandler]:
    """The pages under one router, and the routes of the login beside it."""
    pages, hub = Pages(ctx.now, Assets()), hub_of(ctx)
    refusals: Any = {error: pages.refusing(draw) for error, draw in REFUSALS.items()}
    given = {"visitor": visitors(ctx), "pages": _given(pages), "hub": _given(hub)}
    router = Router(
        path="/", route_handlers=HANDLERS, dependencies=given, exception_handlers=refusals, include_in_schema=False
    )
    return [router, *login_routes(ctx, pages, refusals)]


def _given(value: Pages | Hub) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
