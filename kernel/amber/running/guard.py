"""What stands before every route."""

import ipaddress
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from amber.errors import Denied
from amber.identity.access import Access
from amber.ingest.crosssite import is_cross_site
from amber.ingest.intake import client_ip
from amber.kernel import Kernel
from amber.model import AuthRequest, Resource

Connection = ASGIConnection[Any, Any, Any, Any]


class Guard:
    """Who is asking, and does the route's action allow it."""

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
