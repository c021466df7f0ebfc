"""Many submissions in one message: `AMB1`, then each as a length (4 bytes, little endian) and its msgpack."""

import struct
from collections.abc import Iterable, Sequence

import msgspec

from amber.errors import Reject
from amber.model import Submission

MAGIC = b"AMB1"
_LENGTH = struct.Struct("<I")
_SUBMISSION = msgspec.msgpack.Decoder(Submission).decode


def pack(submission: Submission) -> bytes:
    """One submission as it stands in a frame."""
    body = msgspec.msgpack.encode(submission)
    return _LENGTH.pack(len(body)) + body


def join(packed: Iterable[bytes]) -> bytes:
    """A frame of packed submissions."""
    return b"".join((MAGIC, *packed))


def encode(submissions: Sequence[Submission]) -> bytes:
    """A frame of submissions."""
    return join(map(pack, submissions))


def decode(frame: bytes) -> list[Submission]:
    """The submissions of a frame, in order. Raises Reject if it is not a whole frame."""
    if not frame.startswith(MAGIC):
        raise Reject("not a frame: it does not start with AMB1")
    found: list[Submission] = []
    offset, view = len(MAGIC), memoryview(frame)
    while offset < len(frame):
        end = offset + _LENGTH.size
        length = _LENGTH.unpack_from(frame, offset)[0] if end <= len(frame) else len(frame)
        if end + length > len(frame):
            raise Reject(f"broken frame: submission {len(found)} is cut off")
        try:
            found.append(_SUBMISSION(view[end : end + length]))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:  # the latter two: bad UTF-8, deep nesting
            raise Reject(f"broken frame: submission {len(found)}: {error}") from None
        offset = end + length
    return found
