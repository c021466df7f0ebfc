"""What people see in a browser: login, issues, settings, and news as they happen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from amber import Context, hookimpl
from amber_console.home.live import hub_of

if TYPE_CHECKING:
    from litestar import Router
    from litestar.handlers import HTTPRouteHandler


@hookimpl
def plugin_start(ctx: Context[Any]) -> None:
    """Hear what happens, for the pages that are open."""
    hub_of(ctx).listen(ctx)


@hookimpl
async def plugin_stop(ctx: Context[Any]) -> None:
    """Let every open page's connection end."""
    hub_of(ctx).close()


@hookimpl
def api_routes(ctx: Context[Any]) -> Sequence["Router | HTTPRouteHandler"]:
    """The pages, each given the `Visitor` who looks, the `Pages` that draw and the `Hub` that tells news."""
    from amber_console.home.mounted import mounted  # a worker draws no pages and need not load what draws them

    return mounted(ctx)
