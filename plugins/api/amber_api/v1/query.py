"""Query strings read as Structs: one declaration checks the input and documents it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ValidationException
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from litestar.params import SkipValidation
from msgspec import Meta, Struct

from amber.model import Principal

T = TypeVar("T")
PLAIN = r"[^\x00-\x1f\x7f]"
"""One character that is no control character, for patterns."""
END = r"$(?!\n)"
"""The end of a text, for patterns: Python's `$` alone would let a line end pass, and JSON Schema knows no `\\Z`."""
Words = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")]
"""Text somebody looks for; PostgreSQL knows no zero byte."""
FIELD = re.compile(r"(?:`\$\.(?P<path>\w+)|unknown field `(?P<unknown>\w*))")
Query = NamedDependency[SkipValidation[T]]
"""A handler's parameter `query`, which `queried` has checked."""


class Paging(Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of a list."""

    cursor: Annotated[str, Meta(max_length=500, description="`next` of the page before")] = ""
    limit: Annotated[int, Meta(ge=1, le=200, description="How many items a page holds")] = 50


def invalid(field: str, message: str, source: str = "query") -> NoReturn:
    """Refuse a field of the input by name."""
    raise ValidationException(detail=message, extra=[{"key": field, "message": message, "source": source}])


def queried(shape: type[Struct]) -> dict[str, Any]:
    """What a route's decorator needs for its handler to get `asked`, the query string as a `shape`."""

    def asked(request: Request[Principal, Any, Any]) -> Any:
        return read(request.query_params.dict(), shape)

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or ()), *parameters(shape)]

    return {"dependencies": {"asked": Provide(asked, sync_to_thread=False)}, "operation_class": Described}


def read(values: Mapping[str, Sequence[Any]], shape: type[T]) -> T:
    """The values of a query string as a `shape`; a name it does not have, or given twice, is refused."""
    single = {name: found[0] if len(found) == 1 else found for name, found in values.items()}
    try:
        return msgspec.convert(single, shape, strict=False)
    except msgspec.ValidationError as error:
        named = FIELD.search(str(error))
        field = (named["path"] or named["unknown"]) if named else ""
        invalid(field, str(error).partition(" - at ")[0])


def parameters(shape: type[Struct]) -> list[Parameter]:
    """The fields of a `shape` as OpenAPI describes them."""
    described = msgspec.json.schema(shape)["$defs"][shape.__name__]["properties"]
    return [_parameter(name, field) for name, field in described.items()]


def _parameter(name: str, field: Mapping[str, Any]) -> Parameter:
    schema = Schema(
        type=OpenAPIType(field.get("type", "string")),
        enum=field.get("enum"),
        minimum=field.get("minimum"),
        maximum=field.get("maximum"),
        max_length=field.get("maxLength"),
        default=field.get("default"),
    )
    return Parameter(name=name, param_in="query", schema=schema, description=field.get("description"))
