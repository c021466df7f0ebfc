"""The entries of the surface that one thing has: its fields, parameters, answers and values."""

import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from inspect import Parameter
from typing import Any, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct
from reference.hooks import type_text

from surface.names import given_attributes

Entry = tuple[str, str]
PLACES: Mapping[Any, str] = {
    Parameter.KEYWORD_ONLY: "named",
    Parameter.VAR_POSITIONAL: "*",
    Parameter.VAR_KEYWORD: "**",
}


def entries(name: str, thing: Any) -> Iterator[Entry]:
    """What stays as it is of a thing: keys that say what, values that say how."""
    if inspect.isclass(thing) and get_origin(thing) is None:
        yield name, "class"
        yield from _class(name, thing)
    elif inspect.isroutine(thing):
        yield name, "function"
        yield from call(name, thing)
    elif isinstance(thing, str | int | float):
        yield name, f"{type(thing).__name__} = {thing!r}"
    elif get_origin(thing) is not None or type(thing).__name__ == "UnionType":
        yield name, f"type {type_text(thing)}"
    else:
        yield name, type(thing).__name__


def call(name: str, function: Any, skip: int = 0) -> Iterator[Entry]:
    """A function's parameters, each with its place (or how it is given), and its answer."""
    signature = inspect.signature(function)
    for place, one in enumerate(list(signature.parameters.values())[skip:]):
        where = PLACES.get(one.kind, str(place))
        default = "" if one.default is one.empty else f" = {default_text(one.default)}"
        yield f"{name}({one.name})", f"{where}: {type_text(one.annotation)}{default}"
    if signature.return_annotation is not signature.empty and function.__name__ != "__init__":
        yield f"{name} ->", type_text(signature.return_annotation)


def fields(name: str, kind: type[Struct]) -> Iterator[Entry]:
    """A Struct's fields under the names they are sent by, each with its place."""
    for place, field in enumerate(msgspec.structs.fields(kind)):
        default = field.default_factory if field.default is NODEFAULT else field.default
        given = "" if default is NODEFAULT else f" = {default_text(default)}"
        yield f"{name}.{field.encode_name}", f"{place}: {type_text(field.type)}{given}"


def _class(name: str, kind: type) -> Iterator[Entry]:
    if issubclass(kind, Struct):
        yield from fields(name, kind)
    if issubclass(kind, Enum):
        yield from ((f"{name}.{one.name}", repr(one.value)) for one in kind)
    if issubclass(kind, BaseException):
        yield f"{name} <-", kind.__bases__[0].__name__
        if "__init__" in vars(kind):
            yield from call(name, kind.__init__, skip=1)
    yield from ((f"{name}.{one}", "attribute") for one in given_attributes(kind))
    for part, value in members(kind).items():
        if isinstance(value, property) or hasattr(value, "func"):
            yield f"{name}.{part}", f"attribute {type_text(getter(value).__annotations__.get('return', Any))}"
        elif inspect.isfunction(value):
            yield from call(f"{name}.{part}", value, skip=1)


def members(kind: type) -> dict[str, Any]:
    """What the class, and those of its bases that are ours, hold under public names."""
    ours = [base for base in reversed(kind.__mro__) if base.__module__.split(".")[0] == "amber"]
    named = {name: value for base in ours for name, value in vars(base).items()}
    return {name: value for name, value in named.items() if not name.startswith(("_", "test_"))}


def getter(value: Any) -> Any:
    """The function behind a property."""
    return value.fget if isinstance(value, property) else value.func


def default_text(value: Any) -> str:
    """A default as it is written; of a Struct only its name, since its fields have entries of their own."""
    if isinstance(value, Struct | Raw):
        return f"{type(value).__name__}()"
    return f"{value.__name__}()" if callable(value) else repr(value)
