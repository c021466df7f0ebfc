"""`/static/plugins/{plugin}/…`: the files of plugins that run."""

import asyncio
import mimetypes
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from amber.model import Principal
from amber_console.home.assets import BRIEFLY, FOREVER
from amber_console.home.visitor import Looker, found

LOCKED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A file that is opened as a page of its own runs nothing."""


@get("/static/plugins/{plugin:str}/{path:path}", action="project:read")
async def plugin_file(
    request: Request[Principal, Any, Any], visitor: Looker, plugin: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    """A style sheet, a script, a picture."""
    name = path.lstrip("/")
    body, version = found(await asyncio.to_thread(visitor.kernel("pages").static, plugin, name), "file")
    kind = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
    is_exact = request.query_params.get("v", "") == version
    headers = {
        "content-security-policy": LOCKED,
        "x-content-type-options": "nosniff",
        "cache-control": (FOREVER if is_exact else BRIEFLY).replace("public", "private"),
    }
    return Response(body, media_type=kind, headers=headers)
