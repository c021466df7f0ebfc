"""What a message says, whoever wrote it: another version of Amber may, and so may anybody who holds the bus's token."""

from typing import TypeVar

import msgspec

from amber.errors import Reject

T = TypeVar("T")


def read_json(data: bytes, kind: type[T], what: str) -> T:
    """The JSON of a message as `kind`. Raises Reject that calls it not `what`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:  # wrong fields, broken JSON, bad UTF-8; nested too deep
        raise Reject(f"not {what}: {error}") from error
