"""Content encodings, read as a stream under a bound, so that a small body can never become a large amount of memory."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import brotli  # type: ignore[import-untyped]  # the library ships no types
import zstandard
from isal import isal_zlib

from amber.errors import Reject

PIECE = 1 << 20
"""No step of inflating gives more than about this many bytes (zstd: sixteen times this)."""

GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15
ZSTD_WINDOW = 8 << 20  # what RFC 9659 lets a content encoding ask for

# isal's stubs call its exception class an instance.
_BROKEN = (cast("type[Exception]", isal_zlib.error), brotli.error, zstandard.ZstdError)

ALIASES = {
    "": "",
    "identity": "",
    "none": "",
    "utf-8": "",  # old Android SDKs put the charset here, ruby 5 an empty string
    "utf8": "",
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
    "br": "br",
    "zstd": "zstd",
}


def encoding_name(header: str) -> str:
    """The one name of a Content-Encoding: `gzip`, `deflate`, `br`, `zstd`, or empty for none.

    Raises Reject(415) for any other.
    """
    name = ALIASES.get(header.strip().lower())
    if name is None:
        raise Reject(f"unsupported content encoding {header[:40]!r}: send gzip, deflate, br, zstd or none", status=415)
    return name


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """The whole body without its encoding.

    Raises Reject(413) as soon as it grows over `limit` bytes and Reject(400) where it is broken or cut short.
    """
    if not encoding:
        return _within(data, limit)
    if encoding == "gzip" and (whole := _small_gzip(data)) is not None and len(whole) <= limit:
        return whole
    parts, size = [], 0
    for piece in _pieces(data, encoding):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        parts.append(piece)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _small_gzip(data: bytes) -> bytes | None:
    """What one gzip member inflates to, in one step; None where it is more, or anything else than one whole member."""
    member = isal_zlib.decompressobj(GZIP)
    try:
        whole: bytes = member.decompress(data, PIECE)
    except cast("type[Exception]", isal_zlib.error):
        return None  # the way in pieces says what is wrong
    return whole if member.eof and not member.unused_data else None


def gzip_head(data: bytes, size: int) -> bytes:
    """What the first `size` bytes of a gzip body inflate to, `size` bytes at most. Raises Reject(400) for no gzip."""
    try:
        head: bytes = isal_zlib.decompressobj(GZIP).decompress(data[:size], size)
    except _BROKEN as error:
        raise Reject("request body is not valid gzip", causes=(str(error),)) from None
    return head


def inflate_head(data: bytes, encoding: str, size: int) -> bytes:
    """The first `size` bytes without the encoding, as far as they can be read; what follows them is not looked at."""
    if not encoding:
        return data[:size]
    head = bytearray()
    for piece in _pieces(data, encoding):
        head += piece
        if len(head) >= size:
            break
    return bytes(head[:size])


def _within(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise _too_large(limit)
    return data


def _too_large(limit: int) -> Reject:
    return Reject(f"request body too large: more than {limit} bytes once inflated", status=413)


def _pieces(data: bytes, encoding: str) -> Iterator[bytes]:
    try:
        yield from _READERS[encoding](data)
    except _BROKEN as error:
        raise Reject(f"request body is not valid {encoding}", causes=(str(error),)) from None


def _chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _gzip(data: bytes) -> Iterator[bytes]:
    """Every member of a gzip body in turn; RFC 1952 lets a body hold several."""
    return _members(data, GZIP, "gzip")


def _deflate(data: bytes) -> Iterator[bytes]:
    """`deflate` means zlib's format (RFC 9110), yet some clients send the bare stream."""
    has_header = len(data) >= 2 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
    return _members(data, ZLIB if has_header else RAW_DEFLATE, "deflate")


def _members(data: bytes, wbits: int, name: str) -> Iterator[bytes]:
    member = isal_zlib.decompressobj(wbits)
    for chunk in _chunks(data, PIECE):
        while chunk:
            if member.eof:
                member = isal_zlib.decompressobj(wbits)
            yield member.decompress(chunk, PIECE)
            chunk = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof:
        rest = member.decompress(b"", PIECE)  # what it still held back when the last input was in
        if not rest and not member.eof:
            raise _cut_short(name)
        yield rest


def _br(data: bytes) -> Iterator[bytes]:
    reader = brotli.Decompressor()
    for chunk in _chunks(data, PIECE):
        yield reader.process(chunk, output_buffer_limit=PIECE)
        while piece := reader.process(b"", output_buffer_limit=PIECE):
            yield piece
    if not reader.is_finished():
        raise _cut_short("br")


def _zstd(data: bytes) -> Iterator[bytes]:
    """Fed 512 bytes at a time: four bytes of zstd can say 128 KiB, and the library has no bound of its own."""
    frame: Any = None
    for chunk in _chunks(data, 512):
        while chunk:
            if frame is None or frame.eof:
                frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
            yield frame.decompress(chunk)
            chunk = frame.unused_data
    if frame is None or not frame.eof:
        raise _cut_short("zstd")


def _cut_short(name: str) -> Reject:
    return Reject(f"request body is cut short: its {name} stream has no end")


_READERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
}
