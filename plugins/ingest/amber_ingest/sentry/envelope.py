"""Sentry's envelope: one header line, then items of a header line and a payload each.

    headers-json \n (item-header-json \n payload \n)*

An item with a `length` has exactly that many bytes, one without ends at the next newline. A framing error anywhere
refuses the whole envelope.
"""

import json
from typing import Any

import msgspec
from msgspec import Struct

from amber.errors import Reject

MAX_ITEMS = 500
SPREAD_HEADER = 64 * 1024
"""A header that is spread over several lines is looked for in this many bytes."""


class EnvelopeItem(Struct, frozen=True):
    """One item: its headers, unknown ones too, and its payload as it came; `size` where that has not been read."""

    headers: dict[str, Any]
    payload: bytes = b""
    size: int = -1

    @property
    def length(self) -> int:
        """The bytes of its payload, read or not."""
        return len(self.payload) if self.size < 0 else self.size

    @property
    def type(self) -> str:
        """What the sender says the payload is."""
        return str(self.headers["type"])


class Envelope(Struct, frozen=True):
    """What one request holds."""

    headers: dict[str, Any] = {}
    items: tuple[EnvelopeItem, ...] = ()


def read_envelope(data: bytes) -> Envelope:
    """The envelope in these bytes, which carry no encoding any more; raises Reject(400) for anything else."""
    if not data:
        raise Reject("empty request body")
    headers, at = read_header(data, 0, "envelope header")
    items: list[EnvelopeItem] = []
    while at < len(data) and not _only_newlines(data, at):
        if len(items) == MAX_ITEMS:
            raise Reject(f"envelope holds more than {MAX_ITEMS} items")
        item, at = _read_item(data, at, f"item {len(items) + 1}")
        items.append(item)
    return Envelope(headers, tuple(items))


def _only_newlines(data: bytes, at: int) -> bool:
    """Whether nothing but line ends is left; some senders close an envelope with more than one."""
    return data[at] == 0x0A and not data[at:].strip(b"\n")


def _read_item(data: bytes, at: int, place: str) -> tuple[EnvelopeItem, int]:
    headers, start = read_header(data, at, f"header of {place}")
    if not isinstance(headers.get("type"), str):
        raise Reject(f"header of {place}: type is missing or no string")
    end = _payload_end(data, start, headers.get("length"), place)
    return EnvelopeItem(headers, data[start:end]), end + 1


def _payload_end(data: bytes, start: int, length: object, place: str) -> int:
    if length is None:
        end = data.find(b"\n", start)
        return len(data) if end < 0 else end
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise Reject(f"header of {place}: length is no number of bytes")
    end = start + length
    if end > len(data):
        raise Reject(f"unexpected end of file: {place} says {length} bytes, {max(0, len(data) - start)} came")
    if data[end : end + 1] not in (b"\n", b""):
        raise Reject(f"missing newline after the payload of {place}")
    return end


def read_header(data: bytes, at: int, place: str) -> tuple[dict[str, Any], int]:
    """The JSON object that starts at `at`, and where the line after it starts. Raises Reject(400)."""
    end = data.find(b"\n", at)
    end = len(data) if end < 0 else end
    try:
        value = msgspec.json.decode(data[at:end])
    except ValueError as error:
        value, end = _spread_header(data, at, place, error)
    except RecursionError:
        raise Reject(f"invalid {place}: nested too deep") from None
    if not isinstance(value, dict):
        raise Reject(f"invalid {place}: it is no JSON object")
    return value, end + 1


def _spread_header(data: bytes, at: int, place: str, first: ValueError) -> tuple[Any, int]:
    """A header with newlines between its tokens: one JSON value all the same."""
    text = data[at : at + SPREAD_HEADER].decode("utf-8", "surrogateescape")
    try:
        value, length = json.JSONDecoder().raw_decode(text)
        end = at + len(text[:length].encode())
    except (ValueError, RecursionError):
        raise Reject(f"invalid {place}", causes=(str(first),)) from None
    if data[end : end + 1] not in (b"\n", b""):
        raise Reject(f"missing newline after the {place}")
    return value, end
