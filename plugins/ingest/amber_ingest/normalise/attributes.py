"""The single values at the top of an event: level, release, fingerprint and their like."""

import re
from typing import Any

from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import shorten, spelled

LEVELS = frozenset({"debug", "info", "warning", "error", "fatal"})
OTHER_LEVELS = {
    "log": "info", "critical": "fatal",
    "10": "debug", "20": "info", "30": "warning", "40": "error", "50": "fatal",
}  # fmt: skip
PLATFORMS = frozenset({
    "as3", "c", "cfml", "cocoa", "csharp", "elixir", "go", "groovy", "haskell", "java", "javascript", "native", "node",
    "objc", "other", "perl", "php", "python", "ruby",
})  # fmt: skip
LONGEST_LOGGER = 64
MOST_PARTS, LONGEST_PART = 100, 1024
_DIST = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_NO_RELEASE = frozenset({".", "..", "latest"})


def level(value: Any, notes: Notes, path: Path, default: str) -> str:
    """One of `LEVELS`; Python's numbers and two other names are translated. Case matters."""
    if isinstance(value, str) and value in LEVELS:
        return value
    known = None if isinstance(value, bool) else OTHER_LEVELS.get(spelled(value) or "")
    if known is None:
        notes.bad(path, "expected debug, info, warning, error or fatal", value)
    return known or default


def platform(value: Any, notes: Notes, path: Path) -> str:
    """A platform Amber knows, or `other`."""
    return known_platform(value)


def known_platform(value: Any) -> str:
    """A platform Amber knows, or `other`."""
    return value if isinstance(value, str) and value in PLATFORMS else "other"


def logger(value: Any, notes: Notes, path: Path) -> str | None:
    """A logger's name."""
    if not isinstance(value, str) or "\n" in value or "\r" in value:
        notes.bad(path, "expected a name on one line", value)
        return None
    return value


def shorten_logger(value: str, is_java: bool, notes: Notes) -> str:
    """A logger's name cut to length; a Java one loses packages on its left, so that the class is still seen."""
    value = value.strip()
    if len(value) <= LONGEST_LOGGER:
        return value
    tail = "." + value[-(LONGEST_LOGGER - 2) :]
    if not is_java or "." not in tail[1:]:
        return shorten(value, (LONGEST_LOGGER, 0), notes, ("logger",))
    short = "*." + tail[1:].partition(".")[2]
    notes.cut(("logger",), 0, len(short), len(value))
    return short


def release(value: Any, notes: Notes, path: Path) -> str | None:
    """A release's name."""
    name = (spelled(value) or "").strip()
    if not name and value == "":
        return None
    if 0 < len(name) <= 200 and not any(sign in name for sign in "/\\\n\t\r") and name.lower() not in _NO_RELEASE:
        return name
    notes.bad(path, "a release has up to 200 characters, no slash, and is not called latest", value)
    return None


def environment(value: Any, notes: Notes, path: Path) -> str | None:
    """An environment's name."""
    name = (spelled(value) or "").strip()
    if not name and value == "":
        return None
    if 0 < len(name) <= 64 and not any(sign in name for sign in "/\n\r\t") and name.lower() != "none":
        return name
    notes.bad(path, "an environment has up to 64 characters, no slash, and is not called none", value)
    return None


def dist(value: Any, notes: Notes, path: Path) -> str | None:
    """The distribution of a release."""
    name = (spelled(value) or "").strip()
    if _DIST.fullmatch(name):
        return name
    if value != "":
        notes.bad(path, "a dist has up to 64 letters, digits and _ . -", value)
    return None


def fingerprint(value: Any, notes: Notes, path: Path) -> list[str] | None:
    """The parts a client wants its event grouped by; numbers and truth values become text."""
    if not isinstance(value, list):
        notes.bad(path, "expected a list", value)
        return None
    parts = []
    for index, part in enumerate(value[:MOST_PARTS]):
        text = spelled(part)
        if text is not None:
            parts.append(shorten(text, (LONGEST_PART, 0), notes, (*path, str(index))))
        elif part is not None:
            notes.bad((*path, str(index)), "expected text or a number")
    if len(value) > MOST_PARTS:
        notes.shortened(path, len(value))
    return parts or None
