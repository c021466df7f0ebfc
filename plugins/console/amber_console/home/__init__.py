"""The first page, the last issues, and one page for each issue."""

from collections.abc import Sequence
from typing import Any

from litestar import Router
from litestar.di import Provide

from amber import Context, hookimpl
from amber_console.home.pages import Pages
from amber_console.home.routes import HANDLERS, REFUSALS
from amber_console.home.visitor import visitors


@hookimpl
def api_routes(ctx: Context[Any]) -> Sequence[Router]:
    """The pages, each given the `Visitor` who looks and the `Pages` that draw."""
    pages = Pages(ctx.now)
    given = {"visitor": visitors(ctx), "pages": Provide(lambda: pages, sync_to_thread=False)}
    return [
        Router(
            path="/",
            route_handlers=HANDLERS,
            dependencies=given,
            exception_handlers={error: pages.refusing(draw) for error, draw in REFUSALS.items()},
            include_in_schema=False,
        )
    ]
