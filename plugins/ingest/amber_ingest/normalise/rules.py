"""What a field must be, and how to make it so: the small language every interface's table is written in.

A value that is right already is checked by msgspec in C and left as it is; only one that is not right is looked at
field by field.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from amber_ingest.normalise.notes import Notes, Path

Mend = Callable[[Any, Notes, Path], Any]

LARGEST = 2**63 - 1
MOST_ENTRIES = 1000
"""Of exceptions, threads or breadcrumbs; of more the last are kept, which are the nearest to the error."""


class Rule(Struct, frozen=True):
    """`fits` is the msgspec type of values that are right; `mend` answers a right value for any other, or None.

    `always` is set where the type cannot say everything, so that even a value of that type goes through `mend`.
    """

    fits: Any
    mend: Mend
    always: bool = False


class Shape:
    """An object with known fields. Other fields go into the field `rest` names, or are dropped with a note."""

    def __init__(self, name: str, fields: Mapping[str, Rule], rest: str = "") -> None:
        self.fields, self._rest = fields, rest
        self._always = [(field, rule.mend) for field, rule in fields.items() if rule.always]
        columns = [(field, rule.fits | None, None) for field, rule in fields.items()]
        self._check = msgspec.defstruct(name, columns, forbid_unknown_fields=True, gc=False)

    def apply(self, value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
        """`value` with each field right, mended in place; None if it is no object."""
        try:
            msgspec.convert(value, self._check)
        except msgspec.ValidationError:
            return self._mend(value, notes, path)
        for field, mend in self._always:
            if value.get(field) is not None:
                value[field] = mend(value[field], notes, (*path, field))
        return value  # type: ignore[no-any-return]  # msgspec has just checked that it is an object

    def rule(self) -> Rule:
        """This shape as the rule of a field."""
        return Rule(Any, self.apply, always=True)

    def _mend(self, value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            notes.bad(path, "expected an object", value)
            return None
        self._move([field for field in value if field not in self.fields], value, notes, path)
        for field, content in value.items():
            if content is not None:
                value[field] = self.fields[field].mend(content, notes, (*path, field))
        return value

    def _move(self, unknown: list[str], value: dict[str, Any], notes: Notes, path: Path) -> None:
        taken = {field: value.pop(field) for field in unknown}
        rest = value.get(self._rest) or {}
        if self._rest and taken and isinstance(rest, dict):
            value[self._rest] = taken | rest
            return
        for field in taken:
            notes.removed(path, field[:64])


def text(limit: int, allowance: int = 0) -> Rule:
    """Text of at most `limit` characters; up to `allowance` more are let through rather than cut."""

    def mend(value: Any, notes: Notes, path: Path) -> str | None:
        if isinstance(value, str):
            return shorten(value, (limit, allowance), notes, path)
        notes.bad(path, "expected text", value)
        return None

    return Rule(Annotated[str, Meta(max_length=limit + allowance)], mend)


def loose_text(limit: int, allowance: int = 0) -> Rule:
    """Text, or a number or truth value that becomes text."""

    def mend(value: Any, notes: Notes, path: Path) -> str | None:
        written = spelled(value)
        if written is not None:
            return shorten(written, (limit, allowance), notes, path)
        notes.bad(path, "expected text", value)
        return None

    return Rule(Annotated[str, Meta(max_length=limit + allowance)], mend)


def shorten(value: str, room: tuple[int, int], notes: Notes, path: Path) -> str:
    """`value` cut to `room` = (limit, allowance) characters, ending in dots where something was cut."""
    limit, allowance = room
    if len(value) <= limit + allowance:
        return value
    notes.cut(path, limit - 3, limit, len(value))
    return value[: limit - 3] + "..."


def spelled(value: Any) -> str | None:
    """A scalar as text the way Python users write it (`True`, `1`, `1.5`); None for null and containers."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST else str(value)
    return str(value) if isinstance(value, bool | int) else None


def _integer(value: Any, notes: Notes, path: Path) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return value
    notes.bad(path, "expected an integer", value)
    return None


def _boolean(value: Any, notes: Notes, path: Path) -> bool | None:
    if isinstance(value, bool):
        return value
    notes.bad(path, "expected true or false", value)
    return None


INTEGER = Rule(Annotated[int, Meta(ge=-LARGEST, le=LARGEST)], _integer)
BOOLEAN = Rule(bool, _boolean)


def lines(limit: int, most: int) -> Rule:
    """A list of at most `most` lines of text, such as source around a frame."""

    def mend(value: Any, notes: Notes, path: Path) -> list[str] | None:
        if not isinstance(value, list):
            notes.bad(path, "expected a list of text", value)
            return None
        if len(value) > most:
            notes.shortened(path, len(value))
        line = loose_text(limit).mend
        return [
            "" if entry is None else line(entry, notes, (*path, str(index))) or ""
            for index, entry in enumerate(value[:most])
        ]

    return Rule(Annotated[list[Annotated[str, Meta(max_length=limit)]], Meta(max_length=most)], mend)


def entries(value: Any, notes: Notes, path: Path) -> list[dict[str, Any]]:
    """The objects of a list that may come bare, as `{"values": […]}` or as a single object."""
    if isinstance(value, dict):
        value = value.get("values", [value])
    if value is None:
        return []
    if not isinstance(value, list):
        notes.bad(path, "expected a list", value)
        return []
    if len(value) > MOST_ENTRIES:
        notes.shortened(path, len(value))
    last = value[-MOST_ENTRIES:]
    for entry in last:
        if entry is not None and not isinstance(entry, dict):
            notes.bad(path, "expected objects")
    return [entry for entry in last if isinstance(entry, dict)]
