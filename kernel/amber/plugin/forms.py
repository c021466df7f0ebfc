"""Forms made from a Struct: the fields to ask for, and what was entered as the Struct, every mistake found at once."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Meta, Struct, UnsetType
from msgspec.structs import FieldInfo

from amber.errors import Reject
from amber.model import FormField
from amber.model.secrets import Secret

T = TypeVar("T", bound=Struct)
SWITCHES: Mapping[str, bool] = {"on": True, "true": True, "1": True, "yes": True} | dict.fromkeys(
    ("", "off", "false", "0", "no"), False
)
"""What a checkbox, and those who write JSON by hand, say."""


def fields_of(schema: type[Struct]) -> tuple[FormField, ...]:
    """What a form asks for, in the order of the Struct's fields."""
    return tuple(_form_field(field) for field in msgspec.structs.fields(schema))


def secrets_of(schema: type[Struct]) -> frozenset[str]:
    """The names of the fields that hold secrets."""
    return frozenset(field.name for field in fields_of(schema) if field.kind == "secret")


def fill(schema: type[T], values: Mapping[str, Any]) -> T:
    """The Struct with these values: texts from a form, or what JSON holds.

    An empty text stands for the default. Raises Reject with a cause for each field in the way, `url: is missing`.
    """
    filled = entered(schema, {field.name: None for field in msgspec.structs.fields(schema)} | dict(values))
    try:
        return schema(**filled)
    except ValueError as error:  # what the Struct's own __post_init__ has to say
        raise Reject("some fields cannot be used", causes=(str(error),)) from error


def entered(schema: type[Struct], values: Mapping[str, Any]) -> dict[str, Any]:
    """These values alone as the fields' types; those that stand for the default are left out. Raises as `fill` does."""
    known = {field.name: field for field in msgspec.structs.fields(schema)}
    causes = [f"{name}: there is no such field" for name in values if name not in known]
    found: dict[str, Any] = {}
    for name, field in known.items():
        try:
            value = _value(field, values[name]) if name in values else UNSET
        except ValueError as error:  # msgspec's ValidationError is one
            causes.append(f"{name}: {_words(error)}")
        else:
            if value is not UNSET:
                found[name] = value
    if causes:
        raise Reject("some fields cannot be used", causes=tuple(causes))
    return found


def _value(field: FieldInfo, given: Any) -> Any:
    """What was entered, as the field's type; UNSET for its default."""
    form = _form_field(field)
    entered = _read(form, given)
    if entered is not UNSET:
        return msgspec.convert(entered, field.type, strict=not isinstance(entered, str), dec_hook=_secret)
    if form.is_required:
        raise ValueError("is missing")
    return UNSET


def _read(field: FormField, given: Any) -> Any:
    """What was entered, without what forms add to it; UNSET for nothing."""
    if isinstance(given, str):
        given = given if field.kind == "secret" else given.strip()
        if field.kind == "list":
            given = given.splitlines()
        elif field.kind == "boolean":
            return SWITCHES.get(given.lower(), given)
    if field.kind == "list" and isinstance(given, list | tuple):
        given = [one for one in (one.strip() if isinstance(one, str) else one for one in given) if one != ""]
        return given or UNSET
    return UNSET if given is None or given == "" else given


def _form_field(field: FieldInfo) -> FormField:
    annotation, description = field.type, ""
    if get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        description = next((note.description or "" for note in notes if isinstance(note, Meta)), "")
    default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
    kind, choices = _kind(annotation)
    return FormField(
        name=field.name,
        description=description,
        kind=kind,
        is_required=default is NODEFAULT,
        default=None if default is NODEFAULT or kind == "secret" else msgspec.to_builtins(default),
        choices=choices,
    )


Kind = Literal["text", "secret", "number", "boolean", "choice", "list"]


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    """How a type is asked for; a `| None` beside it makes no difference."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _kind(next(one for one in inner if one not in (types.NoneType, UnsetType)))
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return "choice", tuple(str(one) for one in inner)
    if origin in (tuple, list, frozenset):
        return "list", ()
    if annotation is bool:
        return "boolean", ()
    if annotation in (int, float):
        return "number", ()
    return ("secret" if annotation is Secret else "text"), ()


def _secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"expected {kind.__name__}")


def _words(error: ValueError) -> str:
    """msgspec's message without its capital letter and without the path inside of the field."""
    text = str(error).partition(" - at `")[0]
    return text[:1].lower() + text[1:]
