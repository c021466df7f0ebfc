"""Tags: pairs of short words."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import shorten, spelled

LONGEST = 200
MOST, MOST_READ = 200, 1000
RESERVED = frozenset({"release", "dist", "user", "filename", "function"})
"""Names Amber gives values to itself."""
_KEY = re.compile(r"[a-zA-Z0-9_.:-]{1,200}")


def tags(value: Any, notes: Notes, path: Path) -> list[list[str]]:
    """Tags as pairs, the first of each name; what cannot be a tag is noted and left out."""
    kept: dict[str, str] = {}
    for key, content in _pairs(value, notes, path):
        name = _name(key, notes, path)
        if name is None or name in kept:
            continue
        if name in RESERVED:
            notes.removed(path, name)
            continue
        text = _content(content, notes, (*path, name))
        if text is not None:
            kept[name] = text
    if len(kept) > MOST:
        notes.shortened(path, len(kept))
    return [[name, text] for name, text in list(kept.items())[:MOST]]


def _pairs(value: Any, notes: Notes, path: Path) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return islice(value.items(), MOST_READ)
    if not isinstance(value, list):
        notes.bad(path, "expected an object or a list of pairs")
        return ()
    pairs = []
    for entry in value[:MOST_READ]:
        if isinstance(entry, list | tuple) and len(entry) == 2:
            pairs.append((entry[0], entry[1]))
        elif isinstance(entry, dict) and "key" in entry:
            pairs.append((entry["key"], entry.get("value")))
        elif entry is not None:
            notes.bad(path, "expected pairs")
    return pairs


def _name(key: Any, notes: Notes, path: Path) -> str | None:
    """The tag's name, or None with a note. Blanks in it become dashes."""
    text = spelled(key)
    if text is None:
        notes.bad(path, "a tag needs a name")
        return None
    name = text.strip().replace(" ", "-")
    if _KEY.fullmatch(name):
        return name
    notes.bad((*path, name[:LONGEST]), "a tag's name has up to 200 letters, digits and _ . : -")
    return None


def _content(value: Any, notes: Notes, path: Path) -> str | None:
    if value is None:
        return None
    text = spelled(value)
    if text is None:
        notes.bad(path, "a tag's value is a text")
        return None
    text = text.strip()
    if not text or "\n" in text:
        notes.bad(path, "a tag's value is one line that is not empty")
        return None
    return shorten(text, (LONGEST, 0), notes, path)
