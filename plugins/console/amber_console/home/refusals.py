"""Pages for what was refused: what happened, what it did not touch, what to do."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from amber.errors import Denied, Reject, Unavailable
from amber_console.home.pages import HEADERS, Draw, Pages, go


class Words(Struct, frozen=True):
    """How a refusal is put; `todo` is what its reader can do."""

    title: str
    todo: str


UNKNOWN = Words("That did not work", "Go back, mend what it names and try again.")
WORDS: Mapping[int, Words] = {
    403: Words("This is not yours to do", "Ask an owner or admin of your organisation for the right to."),
    404: Words("Not here", "It may have been removed, or it belongs to somebody you are not logged in as."),
    409: Words("That is taken, or was changed meanwhile", "Go back, look at how it is now and try again."),
    413: Words("That is too much at once", "Send less and try again."),
    429: Words("Too many tries", "Wait a few minutes and try again."),
    503: Words("A part Amber stands on does not answer", "Events go on being taken in. Try again in a moment."),
}


def _denied(pages: Pages, request: Request[Any, Any, Any], error: Denied) -> Response[Any]:
    return _to_login(request) if error.status == 401 else _refused(pages, error.status, error.detail)


def _rejected(pages: Pages, _: Request[Any, Any, Any], error: Reject) -> Response[Any]:
    return _refused(pages, error.status, error.detail, error.causes)


def _unavailable(pages: Pages, _: Request[Any, Any, Any], error: Unavailable) -> Response[Any]:
    return _refused(pages, 503, "The database or the message bus is away.", headers={"retry-after": "5"})


def _http(pages: Pages, _: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _refused(pages, error.status_code, error.detail)


def _refused(
    pages: Pages, status: int, why: str, causes: tuple[str, ...] = (), headers: dict[str, str] | None = None
) -> Response[Any]:
    return pages.draw("refused", status, headers, words=WORDS.get(status, UNKNOWN), why=why, causes=causes)


def _to_login(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whoever is not signed in does so first, and comes back to the page they asked for."""
    is_page = request.method in ("GET", "HEAD") and "hx-request" not in request.headers
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    path = "/login?" + urlencode({"next": asked if is_page else "/issues"}, quote_via=quote)
    if "hx-request" in request.headers:
        return Response(b"", status_code=401, headers=HEADERS | {"hx-redirect": path})
    return go(path)


REFUSALS: Mapping[type[Exception], Draw] = {
    Denied: _denied,
    Reject: _rejected,
    Unavailable: _unavailable,
    HTTPException: _http,
}
