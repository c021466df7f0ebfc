"""What a receiver sends back: a signed JSON body that says what is to be done with an issue."""

import hmac
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from amber.errors import Reject
from amber.model import Command, WebhookRequest
from amber_integrations.webhook.message import signature

FRESH = 300.0
"""Seconds by which the time in a signature may differ from when it came."""


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """The body. `id` is the sender's: the same id is heeded once."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    action: Literal["resolve", "reopen", "ignore", "assign"]
    issue: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]
    assignee: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""


def command_in(request: WebhookRequest, secret: str) -> Command:
    """What a reply asks for. Raises Reject with what is wrong with it."""
    _check(request, secret)
    try:
        wish = msgspec.json.decode(request.body, type=Wish)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Reject(f"body: {error}") from None
    if wish.assignee and wish.action != "assign":
        raise Reject('body: "assignee" goes with the action "assign" alone')
    return Command(wish.action, wish.issue, wish.assignee, wish.id)


def _check(request: WebhookRequest, secret: str) -> None:
    """Raise Reject where the request does not prove, by a signature of now, that its sender has the secret."""
    if not secret:
        raise Reject("the target has no secret, so nobody can prove anything: enter one, and sign with it")
    timestamp = request.headers.get("x-amber-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15):
        raise Reject("X-Amber-Timestamp: give the time in Unix seconds")
    expected = signature(secret, int(timestamp), request.body).encode()
    given = request.headers.get("x-amber-signature", "").encode(errors="replace")
    if not hmac.compare_digest(expected, given):
        raise Reject("X-Amber-Signature: it is not that of this time and body with the target's secret")
    if abs(request.at - int(timestamp)) > FRESH:
        raise Reject(f"X-Amber-Timestamp: it is not within {FRESH:.0f} s of when this came; sign anew for each try")
