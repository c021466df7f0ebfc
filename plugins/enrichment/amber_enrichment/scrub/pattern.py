"""A typed face for google-re2, which has no type hints of its own."""

from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 ships no hints; this module is its only user


class Pattern:
    """A pattern over bytes, matched in linear time whatever the input."""

    def __init__(self, pattern: bytes) -> None:
        options: Any = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes are bytes: no check of UTF-8 on the way
        options.never_capture = True
        options.log_errors = False
        self._compiled: Any = re2.compile(pattern, options)

    def find(self, data: bytes, start: int) -> int:
        """Where the leftmost match at or after `start` begins, or -1."""
        found = self._compiled.search(data, start)
        return -1 if found is None else int(found.start())
