"""The bodies of `/store/`: an event as JSON, or packed as the first clients did."""

import base64

from amber.errors import Reject
from amber_ingest.sentry.envelope import Envelope, EnvelopeItem
from amber_ingest.sentry.kinds import MIB
from amber_ingest.sentry.payloads import read_head
from amber_ingest.wire.encodings import inflate


def read_store(data: bytes) -> Envelope:
    """The one event of a store body as an envelope; raises Reject for what is none."""
    if not data:
        raise Reject("empty request body")
    payload = _unpack(data)
    kind = "transaction" if read_head(payload, "event").type == "transaction" else "event"
    return Envelope({}, (EnvelopeItem({"type": kind}, payload),))


def _unpack(data: bytes) -> bytes:
    """The JSON of a body that may be base64 over JSON, or base64 over zlib over JSON."""
    text = data.strip()
    if text[:1] == b"{":
        return text
    try:
        # In a query string the plus signs of base64 arrive as spaces.
        plain = base64.b64decode(text.replace(b" ", b"+"), validate=True)
    except ValueError:
        raise Reject("invalid store body: neither a JSON object nor base64") from None
    return plain if plain[:1] == b"{" else inflate(plain, "deflate", MIB)
