"""Slugs: the names of things in addresses."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count

LONGEST_SLUG = 50
"""Characters a slug may have."""
RESERVED = frozenset({"new"})
"""What stands in addresses for making one."""


def free_slug(name: str, taken: Collection[str], otherwise: str) -> str:
    """A slug that reads like the name and that is not taken: lower-case words joined by `-`, with a number if need be.

    Without a letter it would read like an id, so such a name gets `otherwise` before it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: LONGEST_SLUG - 6].strip("-")
    slug = words if re.search(r"[a-z]", words) else f"{otherwise}-{words}".strip("-")
    if slug not in taken and slug not in RESERVED:
        return slug
    return next(one for one in (f"{slug}-{number}" for number in count(2)) if one not in taken)
