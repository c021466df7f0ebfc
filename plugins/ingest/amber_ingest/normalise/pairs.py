"""Lists of pairs: headers, cookies, query strings. Names may repeat and their order counts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from amber_ingest.normalise.bags import trim
from amber_ingest.normalise.encoding import clean, fits, written
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule, spelled

LONGEST_TEXT = 64 * 1024
"""Characters of a query string or cookie header that are looked at."""

Pairs = list[list[str | None]]
Parse = Callable[[str], Pairs]


def pairs(size: int, parse: Parse) -> Rule:
    """Pairs of texts from a list, an object, or a text that `parse` takes apart; at most `size` bytes of JSON."""

    def mend(value: Any, notes: Notes, path: Path) -> Pairs | None:
        found = parse(value[:LONGEST_TEXT]) if isinstance(value, str) else _given(value, notes, path)
        if found is None or fits(found, size, 2):
            return found
        kept: Pairs = trim(found, (size, 2), notes, path)[0]
        return [pair for pair in kept if len(pair) == 2]

    return Rule(Any, mend, always=True)


def _given(value: Any, notes: Notes, path: Path) -> Pairs | None:
    if isinstance(value, dict):
        return [[name, _text(content)] for name, content in value.items()]
    if not isinstance(value, list):
        notes.bad(path, "expected pairs", value)
        return None
    found: Pairs = []
    for entry in value:
        if isinstance(entry, list | tuple) and len(entry) == 2 and spelled(entry[0]) is not None:
            found.append([spelled(entry[0]), _text(entry[1])])
        elif entry is not None:
            notes.bad(path, "expected pairs")
    return found


def _text(value: Any) -> str | None:
    """A header's or parameter's value; several become one, with commas between them."""
    if isinstance(value, list | tuple):
        return ",".join(text for text in map(_text, value[:100]) if text is not None)
    return None if value is None else spelled(value) or ("" if value == "" else written(value))


def parse_query(text: str) -> Pairs:
    """The parameters of a query string, decoded."""
    parts = (part.partition("=") for part in text.removeprefix("?").split("&") if part)
    return [[_decoded(name), _decoded(content)] for name, _, content in parts]


def parse_cookies(text: str) -> Pairs:
    """The cookies of a `Cookie` header."""
    parts = (part.partition("=") for part in text.split(";") if part.strip())
    return [[name.strip(), content.strip()] for name, _, content in parts]


def parse_headers(text: str) -> Pairs:
    """Headers that came as the text of an HTTP message."""
    parts = (line.partition(":") for line in text.splitlines() if ":" in line)
    return [[name.strip(), content.strip()] for name, _, content in parts]


def _decoded(text: str) -> str:
    return clean(unquote_plus(text, errors="replace"))
