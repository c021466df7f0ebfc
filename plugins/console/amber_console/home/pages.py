"""Draws pages: everything that came from outside is escaped, and no page fetches from anywhere but here."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect

from amber.model import age, ago, exact, rfc3339
from amber_console.home.assets import Assets
from amber_console.home.names import initials, short, split_title

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every page is sent with."""

Draw = Callable[["Pages", Request[Any, Any, Any], Any], Response[Any]]


class Pages:
    """The templates, and the clock their relative times go by."""

    def __init__(self, now: Callable[[], float], assets: Assets) -> None:
        self.assets = assets
        self._templates = Environment(
            loader=PackageLoader("amber_console.home"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            ago=lambda then: ago(then, now()),
            age=lambda then: age(then, now()),
            exact=exact,
            rfc3339=rfc3339,
            initials=initials,
            short=short,
            split_title=split_title,
        )
        self._templates.globals.update(version=version("amber"), asset=assets.url)

    def draw(
        self, name: str, status: int = 200, headers: dict[str, str] | None = None, **given: Any
    ) -> Response[bytes]:
        """The page (or part of one) that template `name` makes of these values."""
        html = self._templates.get_template(f"{name}.html").render(given)
        # A lone surrogate is the one thing a text can hold that UTF-8 cannot.
        body = html.encode("utf-8", "replace")
        sent = HEADERS | (headers or {})
        return Response(body, status_code=status, media_type="text/html", headers=sent)

    def refusing(self, draw: Draw) -> Callable[[Request[Any, Any, Any], Any], Response[Any]]:
        """What Litestar calls when a page is refused."""
        return lambda request, error: draw(self, request, error)


Drawn = NamedDependency[SkipValidation[Pages]]
"""A handler's parameter `pages`."""


def go(path: str) -> Redirect:
    """The answer to a form that did its work: the browser shows `path` next."""
    return Redirect(path, status_code=303, headers=HEADERS)


def local_path(text: str, otherwise: str = "/issues") -> str:
    """`text` where it is a path on this site; `otherwise` where following it could lead to another."""
    is_local = text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable() and " " not in text
    return text if is_local else otherwise
