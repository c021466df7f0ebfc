"""Where a Sentry client may show its key: two headers, the query string, or the first line of an envelope."""

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from amber.errors import Reject
from amber.model import Credential, IngestRequest
from amber_ingest.sentry.envelope import read_envelope
from amber_ingest.wire.encodings import encoding_name, inflate_head

PROTOCOL_VERSION = 7
FIRST_LINE = 64 * 1024
ENVELOPE = "application/x-sentry-envelope"
_KEY = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_VERSION = re.compile(r"(\d{1,6})(?:\.\d+)?")


class Shown(Struct, frozen=True):
    """What one place showed."""

    key: str
    client: str = ""
    version: str = ""


def credential(request: IngestRequest) -> Credential:
    """The key and project a request claims; raises Reject with 401, or 400 for a protocol it is too new for."""
    project = request.path.get("project", "")
    shown = shown_key(request)
    if shown is not None:
        return Credential(_valid_key(shown.key), project, shown.client)
    if carries_envelope(request) and (found := _envelope_dsn(request)):
        return Credential(found[0], project or found[1])
    raise Reject("missing authorization information", status=401)


def carries_envelope(request: IngestRequest) -> bool:
    """Whether the body is an envelope, by its route or by what it says of itself."""
    return request.route == "envelope" or request.headers.get("content-type", "").startswith(ENVELOPE)


def shown_key(request: IngestRequest) -> Shown | None:
    """What headers and query show, or None; raises Reject(401) where two places speak at once."""
    found = _in_headers(request.headers.get("x-sentry-auth", ""), request.headers.get("authorization", ""))
    if "sentry_key" in request.query:
        found = (*found, _from_fields(request.query))
    if len(found) > 1:
        raise Reject("multiple authorization payloads", status=401)
    if not found:
        return None
    _check_version(found[0].version)
    return found[0]


def parse_dsn(value: object) -> tuple[str, str]:
    """Key (lower case) and project of a DSN such as `https://key@host/prefix/42`; raises Reject(400)."""
    return _parse_dsn(value if isinstance(value, str) else "")


@lru_cache(maxsize=1024)  # a client says the same in each of its requests
def _parse_dsn(value: str) -> tuple[str, str]:
    try:
        parts = urlsplit(value)
    except ValueError:
        raise Reject("invalid dsn in the envelope header") from None
    key, project = parts.username or "", parts.path.rstrip("/").rpartition("/")[2]
    if not _KEY.fullmatch(key) or not project:
        raise Reject("invalid dsn in the envelope header")
    return key.lower(), project


def check_agreement(request: IngestRequest, shown: Shown | None, project: int, headers: Mapping[str, Any]) -> None:
    """Raise Reject(400) where an envelope's own header speaks of another key, project or origin than its request."""
    if headers.get("dsn") is not None:
        key, claimed = parse_dsn(headers["dsn"])
        if shown is not None and shown.key.lower() != key:
            raise Reject("header mismatch: the envelope's dsn has another key than the request")
        if claimed not in (str(project), request.path.get("project", "")):
            raise Reject("header mismatch: the envelope's dsn has another project than the request")
    origin, own = request.headers.get("origin"), headers.get("origin")
    if origin and isinstance(own, str) and own.rstrip("/") != origin.rstrip("/"):
        raise Reject("header mismatch: the envelope has another origin than the request")


@lru_cache(maxsize=1024)
def _in_headers(own: str, authorization: str) -> tuple[Shown, ...]:
    """What the two headers that may hold a key show, in the protocol's order."""
    found = [_from_header(re.sub(r"(?i)^sentry\s+", "", own.strip()))] if own.strip() else []
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "sentry":
        found.append(_from_header(value))
    if scheme.lower() == "basic":
        found.append(_from_basic(value))
    return tuple(found)


def _from_header(value: str) -> Shown:
    pairs = (part.partition("=") for part in value.split(","))
    return _from_fields({name.strip(): text.strip() for name, _, text in pairs})


def _from_basic(value: str) -> Shown:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("ascii")
    except ValueError:
        raise Reject("bad authorization header: no valid base64", status=401) from None
    return Shown(text.partition(":")[0])


def _from_fields(fields: Mapping[str, str]) -> Shown:
    return Shown(fields.get("sentry_key", ""), fields.get("sentry_client", ""), fields.get("sentry_version", ""))


@lru_cache(maxsize=1024)
def _valid_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Reject("bad sentry key: a public key has 32 hexadecimal digits", status=401)
    return key.lower()


@lru_cache(maxsize=1024)
def _check_version(version: str) -> None:
    found = _VERSION.fullmatch(version)
    if version and (found is None or int(found[1]) > PROTOCOL_VERSION):
        raise Reject(f"unsupported protocol version {version[:20]!r}: at most {PROTOCOL_VERSION} is spoken")


def _envelope_dsn(request: IngestRequest) -> tuple[str, str] | None:
    """Key and project of the `dsn` in the first line: all a tunnelled request has."""
    encoding = encoding_name(request.headers.get("content-encoding", ""))
    line = inflate_head(request.body, encoding, FIRST_LINE).partition(b"\n")[0]
    dsn = read_envelope(line).headers.get("dsn")
    return None if dsn is None else parse_dsn(dsn)
