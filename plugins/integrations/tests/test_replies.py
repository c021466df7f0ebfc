"""What receivers send back is heeded where it proves, just now, that it comes from whoever has the secret."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amber import Secret
from amber.errors import Reject
from amber.model import Command, WebhookRequest
from amber.testing.stores import NOON
from amber.testing.targets import news
from amber_integrations import webhook
from amber_integrations.webhook.message import body_of, headers_of

WISH = {"id": "a1", "action": "resolve", "issue": "7"}
TARGET = webhook.TargetConfig("https://ops.example", Secret("s3cret"))


def signed(body: bytes, secret: str = "s3cret", at: float = NOON) -> WebhookRequest:
    """A reply as the how-to has it, come at NOON."""
    digits = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-amber-timestamp": str(int(at)), "x-amber-signature": f"v1={digits}"}
    return WebhookRequest("r1", NOON, body, headers)


def reply(**change: Any) -> WebhookRequest:
    return signed(json.dumps({**WISH, **change}).encode())


@pytest.mark.parametrize("action", ["resolve", "reopen", "ignore"])
def test_a_signed_reply_is_a_command(action: Any) -> None:
    assert list(webhook.receive_webhook(reply(action=action), TARGET)) == [Command(action, "7", key="a1")]


@pytest.mark.parametrize("assignee", ["ann@example.org", ""])
def test_an_issue_is_given_to_somebody_or_nobody(assignee: str) -> None:
    found = webhook.receive_webhook(reply(action="assign", assignee=assignee), TARGET)
    assert list(found) == [Command("assign", "7", assignee, "a1")]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (signed(json.dumps(WISH).encode(), "other"), "X-Amber-Signature"),
        (replace(reply(), body=reply(action="ignore").body), "X-Amber-Signature"),
        (replace(reply(), headers={}), "X-Amber-Timestamp: give"),
        (replace(reply(), headers={"x-amber-timestamp": "1700000000"}), "X-Amber-Signature"),
        (replace(reply(), headers={**reply().headers, "x-amber-timestamp": "²"}), "X-Amber-Timestamp: give"),
        (replace(reply(), headers={**reply().headers, "x-amber-signature": "v1=\udcff"}), "X-Amber-Signature"),
        (signed(json.dumps(WISH).encode(), at=NOON - 301), "not within 300 s"),
        (signed(json.dumps(WISH).encode(), at=NOON + 302), "not within 300 s"),
        (reply(action="explode"), "body: Invalid enum value 'explode'"),
        (reply(issue="SHOP-7"), "body:.*issue"),
        (reply(id=""), "body:.*id"),
        (reply(more=1), "body:.*unknown field `more`"),
        (reply(assignee="ann"), '"assignee" goes with the action "assign" alone'),
        (signed(b"rubbish"), "body: JSON is malformed"),
        (signed(b"[" * 100_000), "body: "),
    ],
)
def test_whatever_else_comes_is_refused_with_the_field_that_is_wrong(request_: WebhookRequest, words: str) -> None:
    with pytest.raises(Reject, match=words):
        webhook.receive_webhook(request_, TARGET)


def test_without_a_secret_nobody_can_prove_anything() -> None:
    with pytest.raises(Reject, match="the target has no secret"):
        webhook.receive_webhook(signed(json.dumps(WISH).encode(), ""), webhook.TargetConfig("https://ops.example"))


def test_our_own_message_sent_back_to_us_is_no_reply() -> None:
    body = body_of(news())
    headers = {name.lower(): value for name, value in headers_of(news(), body, "s3cret", int(NOON)).items()}
    with pytest.raises(Reject, match="body: "):
        webhook.receive_webhook(WebhookRequest("r1", NOON, body, headers), TARGET)


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(["x-amber-timestamp", "x-amber-signature"]), st.text()))
def test_nothing_unsigned_is_ever_heeded(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Reject):
        webhook.receive_webhook(WebhookRequest("r1", NOON, body, headers), TARGET)
