"""From the parts that were found to the key of an issue."""

from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain
from struct import pack

VERSION = 1
"""The version of everything in this package that decides a key; whoever changes that raises it."""
MAX_VALUE = 1000
"""Values are cut to this many characters before they are hashed, and kept as they were hashed."""

Part = tuple[str, str]


def key_of(mechanism: str, version: int, parts: Iterable[Part]) -> str:
    """40 hex digits over the mechanism with its version and the parts, labels and values in turn.

    Hashed are the number of texts, the length of each in UTF-8 bytes (eight bytes each, big-endian), then the texts:
    ("ab", "c") and ("a", "bc") differ.
    """
    words = [f"{mechanism}@{version}", *chain.from_iterable(parts)]
    whole = "".join(words)
    sized = words if whole.isascii() else [word.encode("utf-8", "surrogatepass") for word in words]
    lengths = pack(f">{len(sized) + 1}Q", len(sized), *map(len, sized))
    return blake2b(lengths + whole.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def part(what: str, value: str) -> Part:
    """A part as it is hashed and kept."""
    return what, value[:MAX_VALUE]
