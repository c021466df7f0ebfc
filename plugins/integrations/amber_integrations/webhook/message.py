"""What a webhook receives: a JSON body, and headers that prove where it comes from."""

import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from amber.model import Notification, rfc3339

VERSION = 1
"""Of the body: within one, fields are only added."""
EMBER_EVENTS: Mapping[str, str] = {"issue.created": "new_issue", "issue.regressed": "regression"}
"""What receivers written for AMBER know our kinds as."""


def body_of(notification: Notification) -> bytes:
    """The body; `issue` is null in a test message."""
    issue = {
        "id": notification.issue_id,
        "short_id": notification.short_id,
        "title": notification.title,
        "culprit": notification.culprit,
        "level": notification.level,
        "event_id": notification.event_id,
    }
    project = {
        "id": str(notification.project),
        "slug": notification.project_slug,
        "name": notification.project_name,
    }
    told = {
        "v": VERSION,
        "id": notification.id,
        "kind": notification.kind,
        "title": notification.title,
        "at": rfc3339(notification.at),
        "url": notification.url,
        "project": project,
        "issue": issue if notification.issue_id else None,
    }
    return msgspec.json.encode(told)


def headers_of(notification: Notification, body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The headers; signatures only where there is a secret. `timestamp` is this try's, in Unix seconds."""
    headers = {
        "Content-Type": "application/json",
        "X-Amber-Event": notification.kind,
        "X-Amber-Delivery": notification.id,
        "X-Amber-Timestamp": str(timestamp),
        "X-Ember-Event": EMBER_EVENTS.get(notification.kind, notification.kind),
    }
    if secret:
        headers["X-Amber-Signature"] = signature(secret, timestamp, body)
        headers["X-Ember-Signature"] = f"sha256={_hmac(secret, body)}"
    return headers


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What proves a body and its time (Unix seconds) to whoever has the secret."""
    return f"v1={_hmac(secret, f'{timestamp}.'.encode() + body)}"


def _hmac(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
