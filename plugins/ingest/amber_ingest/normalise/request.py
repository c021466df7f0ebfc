"""The HTTP request during which something happened."""

import re
from typing import Any

from amber_ingest.normalise.bags import anything, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.pairs import Pairs, pairs, parse_cookies, parse_headers, parse_query
from amber_ingest.normalise.reading import read_json
from amber_ingest.normalise.rules import INTEGER, Rule, Shape, loose_text, shorten, text

URL = 256, 40
LONGEST_BODY = 64 * 1024
"""Characters of a body that are looked at for JSON or a form; longer ones stay text."""
_METHOD = re.compile(r"[A-Z\-_]{3,32}")
_FORM = re.compile(r"[^\s=&{}<>\"]+=[^\s=&{}<>\"]*(?:&[^\s=&{}<>\"]+(?:=[^\s=&{}<>\"]*)?)*")


def _method(value: Any, notes: Notes, path: Path) -> str | None:
    method = value.upper() if isinstance(value, str) else ""
    if _METHOD.fullmatch(method):
        return method
    notes.bad(path, "expected an HTTP method", value)
    return None


def _url(value: Any, notes: Notes, path: Path) -> str | None:
    if isinstance(value, str):
        return value  # cut only once query and fragment have been taken off
    notes.bad(path, "expected a URL", value)
    return None


REQUEST = Shape(
    "RequestShape",
    {
        "url": Rule(str, _url),
        "method": Rule(Any, _method, always=True),
        "query_string": pairs(1024, parse_query),
        "fragment": text(1024),
        "cookies": pairs(2048, parse_cookies),
        "headers": pairs(8192, parse_headers),
        "env": bag(8192, 7),
        "data": Rule(Any, lambda value, notes, path: value),
        "inferred_content_type": text(256),
        "body_size": INTEGER,
        "api_target": loose_text(128),
        "protocol": loose_text(128),
    },
)
_BODY = anything(8192, 7)


def request(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """A request: URL without query and fragment; headers, cookies, query as pairs; the body decoded where it can be."""
    if isinstance(value, dict):
        _split_url(value)
    right = REQUEST.apply(value, notes, path)
    if right is None:
        return None
    if right.get("url"):
        right["url"] = shorten(right["url"], URL, notes, (*path, "url"))
    if right.get("headers"):
        _order_headers(right, notes, path)
    if right.get("data") is not None:
        _read_body(right)
        right["data"] = _BODY.mend(right["data"], notes, (*path, "data"))
    return right


def header(data: dict[str, Any], name: str) -> str:
    """The request header `name` (in title case) of a normalised event; empty where there is none."""
    for key, content in (data.get("request") or {}).get("headers") or ():
        if key == name:
            return content or ""
    return ""


def _split_url(value: dict[str, Any]) -> None:
    url = value.get("url")
    if not isinstance(url, str) or ("?" not in url and "#" not in url):
        return
    url, _, fragment = url.partition("#")
    value["url"], _, query = url.partition("?")
    for field, content in (("query_string", query), ("fragment", fragment)):
        if content and not value.get(field):
            value[field] = content


def _order_headers(value: dict[str, Any], notes: Notes, path: Path) -> None:
    """Title-case the names, and take cookies out of the `Cookie` header."""
    headers: Pairs = [[_title(name or ""), content] for name, content in value["headers"]]
    value["headers"] = [pair for pair in headers if pair[0] != "Cookie"]
    if len(headers) == len(value["headers"]) or value.get("cookies"):
        return
    text = "; ".join(content or "" for name, content in headers if name == "Cookie")
    value["cookies"] = REQUEST.fields["cookies"].mend(text, notes, (*path, "cookies"))


def _title(name: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _read_body(value: dict[str, Any]) -> None:
    """Decode a body that came as text: JSON, or else a form."""
    body = value["data"]
    kind = next((content for name, content in value.get("headers") or () if name == "Content-Type"), None)
    if isinstance(body, str) and len(body) <= LONGEST_BODY:
        content, inferred = _decoded(body.strip())
        if inferred:
            value["data"], kind = content, inferred
    if kind and not value.get("inferred_content_type"):
        value["inferred_content_type"] = kind.partition(";")[0].strip()[:256]


def _decoded(body: str) -> tuple[Any, str]:
    """A body's content and its content type, empty where it is plain text."""
    if body[:1] in ("{", "["):
        try:
            return read_json(body.encode()), "application/json"
        except ValueError:
            return body, ""  # it only looked like JSON: it stays the text that came
    if _FORM.fullmatch(body):
        form: dict[str, Any] = {}
        for name, content in parse_query(body):
            known = form.get(name or "")
            form[name or ""] = content if known is None else [*(known if isinstance(known, list) else [known]), content]
        return form, "application/x-www-form-urlencoded"
    return body, ""
