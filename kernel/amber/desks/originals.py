"""A dead letter opened: the original as the client sent it, made readable where it can be."""

import zlib

import msgspec
from msgspec import Struct

from amber.bus import ITEMS, Message
from amber.errors import Reject
from amber.model import BlobStore, Letter, Submission
from amber.poison.letters import read_letter
from amber.wire import frames

LONGEST = 1 << 20
"""Bytes of a body that are shown."""
WINDOW_BITS = {"gzip": 31, "deflate": 47}


class Content(Struct, frozen=True):
    """One submission of an original, or the whole of one that is none.

    `body` is text without its encoding, at most a MiB of it (`is_cut`). Where it is no text, or in an encoding the
    kernel cannot read, `body` is empty and `raw` has the bytes, still in `encoding`.
    """

    body: str
    size: int
    id: str = ""
    protocol: str = ""
    route: str = ""
    encoding: str = ""
    raw: bytes = b""
    is_cut: bool = False
    note: str = ""


class Original(Struct, frozen=True):
    """A letter with what it holds."""

    letter: Letter
    contents: tuple[Content, ...]


def open_original(message: Message, blobs: BlobStore) -> Original:
    """A letter from the stream with its original; bodies too large for the bus come from the blob store."""
    letter = read_letter(message)
    try:
        if letter.stream != ITEMS.name:
            return Original(letter, (_plain(message.data),))
        return Original(letter, tuple(_content(one, blobs) for one in frames.decode(message.data)))
    except Reject as broken:
        whole = msgspec.structs.replace(_plain(message.data), note=broken.detail)
        return Original(letter, (whole,))


def _plain(data: bytes) -> Content:
    text = _text(data)
    return Content(text or "", len(data), raw=data if text is None else b"", is_cut=len(data) > LONGEST)


def _content(one: Submission, blobs: BlobStore) -> Content:
    body = (blobs.get(one.blob) or b"") if one.blob else one.body
    shown = _inflated(body, one.encoding)
    text = _text(shown) if shown is not None else None
    gone = f"its body {one.blob} is not in the blob store any more" if one.blob and not body else ""
    return Content(
        body=text or "",
        size=len(body),
        id=one.id,
        protocol=one.protocol,
        route=one.route,
        encoding=one.encoding,
        raw=body if text is None else b"",
        is_cut=shown is not None and len(shown) > LONGEST,
        note=gone,
    )


def _inflated(body: bytes, encoding: str) -> bytes | None:
    """At most one byte more than is shown; None where it cannot be read."""
    if not encoding:
        return body[: LONGEST + 1]
    if encoding not in WINDOW_BITS:
        return None
    try:
        return zlib.decompressobj(WINDOW_BITS[encoding]).decompress(body, LONGEST + 1)
    except zlib.error:
        return None


def _text(data: bytes) -> str | None:
    """As much of data as is shown, as text; None for what is none. A character that is cut through is left out."""
    shown = data[:LONGEST]
    try:
        return shown.decode()
    except UnicodeDecodeError as error:
        is_cut_through = len(data) > LONGEST and LONGEST - error.start < 4
        return shown[: error.start].decode() if is_cut_through else None
