"""What receivers of notifications send back, signed as it must be to be read at all."""

from amber.errors import Reject
from amber.model import WebhookRequest
from amber_integrations.webhook.message import signature
from amber_integrations.webhook.replies import command_in

from .decoder import Decoder

NOON = 1_700_000_000


def decoders() -> list[Decoder]:
    """One for the body of a reply."""
    seeds = [b'{"id": "a", "action": "assign", "issue": "7", "assignee": "ann@example.org"}', b'{"action": "resolve"}']
    return [Decoder("reply", lambda: _reply, (Reject,), seeds=lambda: seeds)]


def _reply(data: bytes) -> object:
    headers = {"x-amber-timestamp": str(NOON), "x-amber-signature": signature("s3cret", NOON, data)}
    return command_in(WebhookRequest("r1", NOON, data, headers), "s3cret")
