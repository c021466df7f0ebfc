"""Every route of the console."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from amber.model import Principal
from amber_console.home.added.handlers import HANDLERS as ADDED
from amber_console.home.issue.handlers import HANDLERS as ISSUE
from amber_console.home.listing.handlers import HANDLERS as LISTING
from amber_console.home.live.handlers import HANDLERS as LIVE
from amber_console.home.login import home
from amber_console.home.pages import Drawn
from amber_console.home.palette import HANDLERS as PALETTE
from amber_console.home.settings.handlers import HANDLERS as SETTINGS
from amber_console.home.start import HANDLERS as START


@get("/static/console/{path:path}", action="public", sync_to_thread=False)
def static(request: Request[Principal, Any, Any], pages: Drawn, path: FromPath[str]) -> Response[bytes]:
    """A style sheet or script."""
    return pages.assets.answer(path.lstrip("/"), request.query_params.get("v", ""))


HANDLERS = (static, home, *LISTING, *ISSUE, *START, *PALETTE, *LIVE, *SETTINGS, *ADDED)
