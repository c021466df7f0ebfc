"""Minidumps inside compressed containers, as some crash reporters upload them."""

import bz2
import lzma
from typing import Protocol

from amber.errors import Reject
from amber_ingest.wire.encodings import inflate

MAX_DUMP = 200 * 1024 * 1024
SUFFIXES = (".gz", ".xz", ".bz2", ".zst", ".zstd")


class _Reader(Protocol):
    """What `bz2` and `lzma` share."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def unpack_dump(name: str, data: bytes) -> tuple[str, bytes]:
    """A dump and its file name without the container around it, which its first bytes tell."""
    if data.startswith(b"\x1f\x8b"):
        return _bare(name), inflate(data, "gzip", MAX_DUMP)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return _bare(name), inflate(data, "zstd", MAX_DUMP)
    if data.startswith(b"BZh"):
        return _bare(name), _unpack(bz2.BZ2Decompressor(), data)
    if data.startswith(b"\xfd7zXZ\x00"):
        return _bare(name), _unpack(lzma.LZMADecompressor(memlimit=MAX_DUMP), data)
    return name, data


def _bare(name: str) -> str:
    return next((name[: -len(end)] for end in SUFFIXES if name.lower().endswith(end)), name)


def _unpack(reader: _Reader, data: bytes) -> bytes:
    try:
        dump = reader.decompress(data, MAX_DUMP + 1)
    except (OSError, lzma.LZMAError) as error:
        raise Reject("invalid minidump: its container is broken", causes=(str(error),)) from None
    if len(dump) > MAX_DUMP:
        raise Reject(f"minidump too large: more than {MAX_DUMP} bytes", status=413)
    if not reader.eof:
        raise Reject("invalid minidump: its container is cut short")
    return dump
