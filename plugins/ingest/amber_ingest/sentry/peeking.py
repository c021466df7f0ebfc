"""An envelope that holds one item, known by its first bytes: most requests are such, and inflating costs the edge most.

A gzip body says at its end how long it is, an item's header how long the item is. Where both agree there is nothing
else in it, and nothing of what the edge needs to know stands in the payload.
"""

from amber.errors import Reject
from amber_ingest.normalise.ids import parse_id
from amber_ingest.sentry.envelope import Envelope, EnvelopeItem, read_header
from amber_ingest.wire.encodings import gzip_head

SMALLEST, LARGEST = 2048, 32 * 1024
"""Bytes of a body: below, reading it whole costs no more; above, what a lying body makes of a worker's memory does."""
HEAD = 1024
"""Bytes of the two headers at most, packed and plain."""


def peek(body: bytes, limit: int) -> Envelope | None:
    """The envelope in a gzip body, its one item without payload; None where only reading it whole can tell.

    What is wrong with the rest of the body, the worker finds.
    """
    size = int.from_bytes(body[-4:], "little")
    if not SMALLEST <= len(body) <= LARGEST or size > limit:
        return None
    try:
        return _read(gzip_head(body, HEAD), size)
    except Reject:
        return None  # reading it whole says what is wrong


def _read(head: bytes, size: int) -> Envelope | None:
    """The envelope whose first bytes these are, `size` bytes long."""
    headers, at = read_header(head, 0, "envelope header")
    item, start = read_header(head, at, "header of item 1")
    length = item.get("length")
    if not isinstance(item.get("type"), str) or type(length) is not int or length < 0:
        return None
    is_alone = start <= len(head) and start + length in (size, size - 1)  # a line end may close the envelope
    if not is_alone or not parse_id(headers.get("event_id")):
        return None
    return Envelope(headers, (EnvelopeItem(item, size=length),))
