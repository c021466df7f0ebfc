"""Strict validation that names every field at fault, not only the first."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, get_args, get_origin

import msgspec

from amber.errors import Reject
from amber_ingest.amber.schemas import SCHEMAS, Schema

LATEST = "v1"
MOST_FAULTS = 50


def check(payload: Mapping[str, Any], route: str) -> None:
    """Raise Reject where the payload does not follow its schema.

    400 names the versions we know for a version we do not; 422 names the fields that are wrong or missing.
    """
    schema = _schema(payload, route)
    try:
        msgspec.convert(payload, schema)
        faults = []
    except msgspec.ValidationError:
        faults = list(islice(_faults(payload, schema, ""), MOST_FAULTS))
    if not faults:
        faults = [f"{name}: must not be empty" for name in ("event_id", "project_id") if not payload[name].strip()]
    if faults:
        raise Reject(faults[0], status=422, causes=tuple(faults))


def _schema(payload: Mapping[str, Any], route: str) -> Schema:
    stated = payload.get("schema_version")
    if stated is not None and not isinstance(stated, str):
        fault = "schema_version: Expected `str`"
        raise Reject(fault, status=422, causes=(fault,))
    version = (stated or "").strip() or LATEST
    if version not in SCHEMAS:
        raise Reject(f"schema_version: unknown version {version[:40]!r}; known are {', '.join(SCHEMAS)}")
    return SCHEMAS[version][route]


def _faults(value: object, kind: Any, path: str) -> Iterator[str]:
    """Each wrong field below `path`, as `path: what is wrong`."""
    for part in get_args(kind) if get_origin(kind) is not list else ():
        if isinstance(value, dict) and isinstance(part, type) and issubclass(part, msgspec.Struct):
            kind = part
        if isinstance(value, list) and get_origin(part) is list:
            kind = part
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _struct_faults(value, kind, path)
    elif isinstance(value, list) and get_origin(kind) is list:
        for index, entry in enumerate(value):
            yield from _faults(entry, get_args(kind)[0], f"{path}[{index}]")
    else:
        yield from _value_faults(value, kind, path)


def _struct_faults(value: dict[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        place = f"{path}.{field.name}" if path else field.name
        if field.name in value:
            yield from _faults(value[field.name], field.type, place)
        elif field.required:
            yield f"{place}: is required"


def _value_faults(value: object, kind: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        yield f"{path}{where.rstrip('`')}: {what}"
