"""The cron URL: a check-in with one `curl` and no SDK, `/api/<project>/cron/<monitor>/<key>/?status=ok`."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from amber.errors import Reject
from amber.model import (
    Credential,
    Decoded,
    IngestProtocol,
    IngestRequest,
    IngestRoute,
    Item,
    ItemNote,
    Reading,
    Reply,
    Submission,
)
from amber_signals.checkins.payloads import read_checkin

TYPE, CATEGORY = "check_in", "monitor"
LARGEST = 100 * 1024
METHODS = ("GET", "POST")
FORM = "application/x-www-form-urlencoded"
FIELDS = ("check_in_id", "monitor_slug", "status", "environment", "duration", "monitor_config")


def cron_protocol() -> IngestProtocol:
    """The protocol with its two paths: the key in the path, or in the query or a header."""
    path = "/api/{project}/cron/{monitor}/"
    return IngestProtocol(
        name="checkins",
        routes=(
            IngestRoute("cron", path, METHODS, LARGEST),
            IngestRoute("cron_keyed", path + "{key}/", METHODS, LARGEST),
        ),
        credential=credential,
        read=read,
        reply=reply,
        refuse=refuse,
        decode=decode,
    )


def credential(request: IngestRequest) -> Credential:
    """The key in the path, the query or Sentry's header. Raises Reject(401)."""
    key = request.path.get("key") or request.query.get("sentry_key") or _in_header(request.headers)
    if not key:
        raise Reject("missing key: put the project's public key behind the monitor's name", status=401)
    return Credential(key, request.path["project"], request.headers.get("user-agent", ""))


def read(request: IngestRequest, project: int) -> Reading:
    """The one check-in of a request, as an SDK would have sent it; without a status the job is done and well.

    A run that begins without an id gets one, which the answer tells.
    """
    told = {"status": "ok", **_numbered(request.query), **_body(request), "monitor_slug": request.path["monitor"]}
    if told["status"] == "in_progress" and not told.get("check_in_id"):
        told["check_in_id"] = uuid.uuid4().hex
    payload = msgspec.json.encode({name: told[name] for name in FIELDS if name in told})
    checkin = read_checkin(payload)
    if checkin.problem:
        raise Reject(checkin.problem)
    note = ItemNote(TYPE, CATEGORY, len(payload))
    return Reading(items=(note,), meta={"check_in_id": checkin.uid}, body=payload)


def decode(submission: Submission) -> Decoded:
    """The check-in, as the item it is."""
    if 0 in submission.dropped:
        return Decoded()
    at = submission.received_at
    return Decoded(items=(Item(f"{submission.id}:0", TYPE, CATEGORY, submission.project, at, submission.body),))


def reply(request: IngestRequest, reading: Reading) -> Reply:
    """The answer once the check-in is on disk."""
    return Reply(202, msgspec.json.encode({"id": reading.meta["check_in_id"] or None}))


def refuse(request: IngestRequest, status: int, detail: str, causes: tuple[str, ...]) -> Reply:
    """The answer to a check-in that was not taken."""
    return Reply(status, msgspec.json.encode({"detail": detail, "causes": causes}))


def _in_header(headers: Mapping[str, str]) -> str:
    shown = headers.get("x-sentry-auth", "")
    pairs = (part.partition("=") for part in shown.strip().removeprefix("Sentry ").split(","))
    return next((value.strip() for name, _, value in pairs if name.strip() == "sentry_key"), "")


def _body(request: IngestRequest) -> dict[str, Any]:
    """What the body says: JSON, or fields of a form."""
    if not request.body.strip():
        return {}
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Reject("send the body as it is, without a content encoding", status=415)
    if request.headers.get("content-type", "").startswith(FORM) and request.body.lstrip()[:1] != b"{":
        return _numbered(dict(parse_qsl(request.body.decode("utf-8", "replace"))))
    try:
        told = msgspec.json.decode(request.body)
    except (ValueError, RecursionError):
        raise Reject("invalid JSON in the body") from None
    if not isinstance(told, dict):
        raise Reject("the body is no JSON object")
    return {name: value for name, value in told.items() if value is not None}


def _numbered(fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields of a query or form with the one number among them as a number. Raises Reject."""
    if "duration" not in fields:
        return dict(fields)
    try:
        return {**fields, "duration": float(fields["duration"])}
    except ValueError:
        raise Reject("duration is a number of seconds") from None
