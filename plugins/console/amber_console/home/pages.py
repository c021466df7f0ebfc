"""Draws pages: everything that came from outside is escaped, and no page may run or fetch anything."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response

from amber.model import rfc3339
from amber_console.home.times import ago, exact

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every page is sent with."""

Draw = Callable[["Pages", Exception], Response[bytes]]


class Pages:
    """The templates, and the clock their relative times go by."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._templates = Environment(
            loader=PackageLoader("amber_console.home"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(ago=lambda then: ago(then, now()), exact=exact, rfc3339=rfc3339)
        self._templates.globals.update(version=version("amber"))

    def draw(
        self, name: str, status: int = 200, headers: dict[str, str] | None = None, **given: Any
    ) -> Response[bytes]:
        """The page `name` with these values."""
        html = self._templates.get_template(f"{name}.html").render(given)
        # A lone surrogate is the one thing a text can hold that UTF-8 cannot.
        body = html.encode("utf-8", "replace")
        sent = HEADERS | (headers or {})
        return Response(body, status_code=status, media_type="text/html", headers=sent)

    def refusing(self, draw: Draw) -> Callable[[Request[Any, Any, Any], Any], Response[bytes]]:
        """What Litestar calls when a page is refused."""
        return lambda request, error: draw(self, error)
