"""Which fields of a thing may be changed to what, and what the audit log tells of it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.errors import Reject


class Field(Struct, frozen=True):
    """What a field may hold: any of these types, and their name in words."""

    types: tuple[type, ...]
    words: str


TEXT = Field((str,), "text")
SWITCH = Field((bool,), "true or false")
OBJECT = Field((Mapping,), "an object")
LIST = Field((list, tuple), "a list")


def checked(changes: Mapping[str, object], known: Mapping[str, Field], noun: str) -> dict[str, Any]:
    """The changes, if these are fields that may be changed so: Reject otherwise."""
    for name, value in changes.items():
        field = known.get(name)
        if field is None:
            raise Reject(f"{name}: a {noun} has no such field to change")
        if not isinstance(value, field.types):
            raise Reject(f"{name}: must be {field.words}")
    return dict(changes)


def told(thing: Struct, names: str) -> dict[str, Any]:
    """These fields of a thing, by name."""
    return {name: getattr(thing, name) for name in names.split()}


def differences(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of `wanted` is not so yet: as it was, and as it will be."""
    after = {name: value for name, value in wanted.items() if before.get(name) != value}
    return {name: before.get(name) for name in after}, after
