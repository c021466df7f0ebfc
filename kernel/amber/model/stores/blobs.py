"""The store of large bytes."""

import math
from collections.abc import Iterator
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under keys such as `12/ab/ab34…`; a key holds letters, digits, `.`, `-`, `_` and `/`."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, durable on return; a reader never sees half of it."""

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""

    def delete(self, key: str) -> None:
        """Forget the key; a missing one is no error."""

    def keys(self, prefix: str, before: float = math.inf) -> Iterator[str]:
        """All keys that start with `prefix` and were last put before a time (Unix seconds), in no promised order."""
