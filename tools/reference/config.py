"""The page about `amber.toml`: every section of the kernel, then every plugin's own table."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

from amber import Secret
from amber.config import Settings
from reference.markdown import code, prose, table
from reference.plugins import first_party, module

HEAD = ["Key", "Type", "Default", "What it is"]
INTRODUCTION = """# Configuration

Amber reads the file that `--config` names, else `amber.toml` in its data folder, else `amber.toml` in the folder it is
started in; without one, every default below holds. A key of a section can also come from the environment as
`AMBER_<SECTION>_<KEY>` (`AMBER_SERVER_PORT=9000`; the parts of a list separated by commas), which wins over the file.
An unknown key is an error that names the nearest known one; `amber config check` prints every problem with file and
line.

A plugin's value may come from a variable of the environment: `token = { env = "SLACK_TOKEN" }`.
"""


def page() -> str:
    """The Markdown of the page."""
    plugins = [(f"plugins.{name}", getattr(module(name), "Config", None)) for name in first_party()]
    tables = [_section(name, schema) for name, schema in [*_sections(), *plugins] if schema is not None]
    others = table(["Table", "Type", "What it is"], _others())
    return "\n\n".join([INTRODUCTION.rstrip(), "## Tables of names", others, *tables])


def _sections() -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(Settings):
        if _is_struct(field.type):
            yield field.name, field.type


def _others() -> Iterator[tuple[str, str, str]]:
    for field in msgspec.structs.fields(Settings):
        if not _is_struct(field.type):
            yield code(f"[{field.name}]"), _type(field.type), _description(field)


def _section(name: str, schema: type[Struct]) -> str:
    rows = [_row(field) for field in msgspec.structs.fields(schema)]
    return "\n\n".join(filter(None, [f"## [{name}]", prose(schema), table(HEAD, rows)]))


def _row(field: FieldInfo) -> tuple[str, str, str, str]:
    return code(field.encode_name), _type(field.type), _default(field), _description(field)


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return code(msgspec.json.encode(value).decode() if not isinstance(value, Secret) else '""')


def _description(field: FieldInfo) -> str:
    metas = [meta for meta in get_args(field.type)[1:] if isinstance(meta, Meta)] if _is_annotated(field.type) else []
    return next((meta.description for meta in metas if meta.description), "")


def _type(kind: Any) -> str:
    if _is_annotated(kind):
        return _type(get_args(kind)[0])
    if kind is type(None):
        return "nothing"
    if get_origin(kind) is Literal:
        return " or ".join(code(str(choice)) for choice in get_args(kind))
    if get_origin(kind) in (tuple, list, frozenset, set):
        return f"list of {_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"table of {_type(get_args(kind)[1])}"
    names = {str: "text", Secret: "secret", int: "integer", float: "number", bool: "true or false", Any: "any"}
    return names.get(kind) or " or ".join(_type(part) for part in get_args(kind)) or str(kind.__name__)


def _is_annotated(kind: Any) -> bool:
    return get_origin(kind) is Annotated


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
