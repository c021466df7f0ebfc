"""Event bodies as they are kept: JSON, then zstd."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import zstandard

from amber.model import Event

LEVEL = 3


def packed(events: Iterable[Event]) -> list[bytes]:
    """The bodies of these events, with what plugins added under `additions`."""
    # One compressor for all of them, because making one costs; never shared, because it is not safe between threads.
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    encode = msgspec.json.Encoder().encode
    return [compress(encode(_whole(event))) for event in events]


def unpacked(body: bytes) -> dict[str, Any]:
    """The body that was packed."""
    data: dict[str, Any] = msgspec.json.decode(zstandard.ZstdDecompressor().decompress(body))
    return data


def _whole(event: Event) -> Mapping[str, Any]:
    # Only plugins may speak under `additions`: what a client sent there is left out.
    if event.additions or "additions" in event.data:
        return {**event.data, "additions": event.additions}
    return event.data
