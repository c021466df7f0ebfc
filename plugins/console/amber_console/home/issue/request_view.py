"""HTTP requests as a page shows them."""

from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from amber_console.home.issue.values import Pairs, link, mapping, pairs, sound, spelled

READING = ("", "GET", "HEAD")


class RequestView(Struct, frozen=True):
    """The HTTP request during which it happened; `link` is set where following it repeats a mere reading."""

    method: str
    url: str
    link: str
    query: Pairs
    headers: Pairs
    cookies: Pairs
    env: Pairs
    form: Pairs
    body: str


def request_view(value: object) -> RequestView | None:
    """A request in the normal form of events; None where there is none."""
    given = mapping(value)
    if not given:
        return None
    method, body = spelled(given.get("method")), given.get("data")
    fragment = spelled(given.get("fragment"))
    query = pairs(given.get("query_string"))
    url = spelled(given.get("url")) + _query(query) + (f"#{fragment}" if fragment else "")
    is_form = "form" in spelled(given.get("inferred_content_type")) and bool(mapping(body))
    return RequestView(
        method=method,
        url=url,
        link=link(url) if method in READING else "",
        query=query,
        headers=pairs(given.get("headers")),
        cookies=pairs(given.get("cookies")),
        env=pairs(given.get("env")),
        form=pairs(body) if is_form else (),
        body="" if is_form else _body(body),
    )


def _query(query: Pairs) -> str:
    # What the scrubber put in place of a secret stays legible.
    known = [(sound(name), sound(text)) for name, text in query]
    return f"?{urlencode(known, safe='[]/:,@')}" if known else ""


def _body(body: Any) -> str:
    return "" if body in (None, "", {}, []) else spelled(body)
