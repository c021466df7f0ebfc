"""What the edge does with a request of an AMBER client."""

import math
from typing import Any

import msgspec
from msgspec import Struct

from amber.errors import Reject
from amber.model import Allowance, Credential, IngestRequest, ItemNote, Reading, Reply
from amber_ingest.amber.checking import check
from amber_ingest.normalise import read_json
from amber_ingest.normalise.ids import parse_id
from amber_ingest.wire.encodings import encoding_name, inflate
from amber_ingest.wire.ids import derived_id

CATEGORIES = {"event": "error", "transaction": "transaction", "profile": "profile", "replay": "replay"}
CORS = (
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST"),
    ("access-control-allow-headers", "x-ember-key, x-ember-project, content-type, content-encoding"),
    ("access-control-expose-headers", "retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"),
    ("access-control-max-age", "3600"),
    ("cross-origin-resource-policy", "cross-origin"),
)


class _Head(Struct):
    """The one field that is needed before the rest is read."""

    project_id: object = None


_head = msgspec.json.Decoder(_Head).decode


def credential(request: IngestRequest, max_inflated: int) -> Credential:
    """The key of the header and the project of the body; what else is wrong with the body, `read` says."""
    shown = request.headers.get("x-ember-key", "").strip()
    if not shown:
        raise Reject("missing x-ember-key", status=401)
    key = parse_id(shown)
    if not key:
        raise Reject("bad x-ember-key: a key is a UUID, or its 32 hexadecimal digits", status=401)
    project = _project(request, max_inflated)
    return Credential(key, project if isinstance(project, str) else "", request.headers.get("user-agent", ""))


def _project(request: IngestRequest, limit: int) -> object:
    """The project of the body. Well-formed JSON is skipped over for it, because a replay may be large."""
    try:
        data = _plain(request, limit)
        return _head(data).project_id
    except Reject:
        return ""
    except (ValueError, RecursionError):
        return _tolerant_project(data)


def _tolerant_project(data: bytes) -> object:
    try:
        return open_payload(data).get("project_id")
    except Reject:
        return ""


def read(request: IngestRequest, project: int, max_inflated: int) -> Reading:
    """The one item of a request; raises Reject with 400, 413, 415 or, for fields, 422."""
    data = _plain(request, max_inflated)
    payload = open_payload(data)
    check(payload, request.route)
    stated = request.headers.get("x-ember-project", "").strip()
    if stated and stated != payload["project_id"]:
        raise Reject("x-ember-project and the body's project_id name two projects")
    event_id = event_id_of(project, payload["event_id"])
    return Reading(
        items=(ItemNote(item_type(request.route), CATEGORIES[request.route], len(data)),),
        meta={
            "event_id": event_id,
            "client_ip": request.client_ip,
            "user_agent": request.headers.get("user-agent", ""),
        },
        encoding=encoding_name(request.headers.get("content-encoding", "")),
        event_id=event_id,
    )


def item_type(route: str) -> str:
    """The item type of what comes on a route, such as `amber.transaction`."""
    return f"amber.{route}"


def event_id_of(project: int, stated: str) -> str:
    """An event's id as 32 hex digits. SDKs that number their events by the clock get one that follows from theirs."""
    return parse_id(stated.strip()) or derived_id("amber", str(project), stated)


def reply(request: IngestRequest, reading: Reading) -> Reply:
    """The one word AMBER's SDKs wait for."""
    return Reply(200, b"accepted", "text/plain; charset=utf-8")


def refuse(request: IngestRequest, status: int, detail: str, causes: tuple[str, ...]) -> Reply:
    """The answer to a request that was not taken; AMBER's clients hear 401 where a key is wrong."""
    return Reply(401 if status == 403 else status, msgspec.json.encode({"detail": detail, "causes": causes}))


def allowance(left: Allowance) -> tuple[tuple[str, str], ...]:
    """How much may still be sent; `reset` is in whole seconds until one more item is taken, 0 right away."""
    return (
        ("x-ratelimit-limit", str(left.limit)),
        ("x-ratelimit-remaining", str(left.remaining)),
        ("x-ratelimit-reset", str(math.ceil(left.reset))),
    )


def _plain(request: IngestRequest, limit: int) -> bytes:
    return inflate(request.body, encoding_name(request.headers.get("content-encoding", "")), limit)


def open_payload(data: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises Reject(400) where it is none."""
    if not data:
        raise Reject("empty request body")
    try:
        value = read_json(data)
    except ValueError as error:
        raise Reject("invalid JSON", causes=(str(error),)) from None
    if not isinstance(value, dict):
        raise Reject("the body is no JSON object")
    return value
