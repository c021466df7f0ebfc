"""The content of an event: JSON that is read field by field, and only where somebody asks."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from amber.model.repeats import Json

T = TypeVar("T")


class Body(Mapping[str, Any]):
    """A mapping of top-level fields, each a plain value or its `Json`, not decoded yet.

    Large fields that nothing had to be changed in stay the bytes that came: they are neither built as objects nor
    written anew. Whoever hands over a Json answers for its being whole and valid.
    """

    __slots__ = ("__dict__", "_fields", "_plain")

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._plain: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        value = self._fields[key]
        if type(value) is not Json:
            return value
        if key not in self._plain:
            self._plain[key] = msgspec.json.decode(value)
        return self._plain[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The field's value, or `default`."""
        value = self._fields.get(key, default)
        return self[key] if type(value) is Json else value

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Body({dict(self)!r})"

    def without(self, keys: frozenset[str]) -> "Body":
        """The same fields but these."""
        return Body({key: value for key, value in self._fields.items() if key not in keys})

    def merged(self, more: Mapping[str, Any]) -> "Body":
        """The same fields with these laid over them."""
        return Body({**self._fields, **more})

    @property
    def kept(self) -> dict[str, Json]:
        """The fields that still are the bytes that came."""
        return {key: value for key, value in self._fields.items() if type(value) is Json}

    def as_it_came(self, key: str) -> Json | None:
        """The field's bytes where it still is those that came."""
        value = self._fields.get(key)
        return value if type(value) is Json else None

    @cached_property
    def encoded(self) -> bytes:
        """All of it as JSON. Raises what msgspec raises where a value has no JSON."""
        return msgspec.json.encode({key: Raw(one) if type(one) is Json else one for key, one in self._fields.items()})

    def read(self, key: str, decoder: "msgspec.json.Decoder[T]") -> T | None:
        """One field as a typed value, decoded without what the type leaves out; None where it is missing.

        Raises msgspec.ValidationError where it is something else.
        """
        value = self._fields.get(key)
        if value is None:
            return None
        if type(value) is Json:
            return decoder.decode(value)
        kind: type[T] = decoder.type
        return msgspec.convert(value, kind)


def body_of(data: Mapping[str, Any]) -> Body:
    """The mapping itself where it is a Body, else one of its fields."""
    return data if isinstance(data, Body) else Body(dict(data))
