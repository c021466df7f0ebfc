"""The page about the public Python names: what each is, takes and gives."""

import inspect
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from surface.names import MODULES, docstring, given_attributes, public
from surface.shapes import default_text, getter, members

from reference.hooks import type_text
from reference.markdown import code, table

INTRODUCTION = """# Python

What plugins may import, by module. [What stays as it is](../explanation/compatibility.md) says for how long;
[Testing](testing.md) has the names of `amber.testing`, [Hooks](hooks.md) the questions that plugins answer.
"""


def page() -> str:
    """The Markdown of the page."""
    return "\n\n".join([INTRODUCTION.rstrip(), *(_module(module) for module in MODULES)])


def _module(module: str) -> str:
    names = public(module)
    return "\n\n".join([f"## {module}", *(_name(module, name, thing) for name, thing in names.items())])


def _name(module: str, name: str, thing: Any) -> str:
    parts = [f"### {module}.{name}", _shape(name, thing), docstring(module, name)]
    if inspect.isclass(thing) and hasattr(thing, "__mro__"):
        parts += [_fields(thing), _members(thing)]
    return "\n\n".join(part for part in parts if part)


def _shape(name: str, thing: Any) -> str:
    """How it is called, or what it is worth."""
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return _call(name, thing.__init__, skip=1) if "__init__" in vars(thing) else ""
    if inspect.isfunction(thing):
        return _call(name, thing)
    if isinstance(thing, str | int | float | tuple) and not inspect.isclass(thing):
        return code(f"{name} = {thing!r}")
    return "" if inspect.isclass(thing) or not type(thing).__module__.startswith("ty") else code(type_text(thing))


def _call(name: str, function: Any, skip: int = 0) -> str:
    """A call with its types: `free_slug(wanted: str, taken: Collection[str] = ()) -> str`."""
    signature = inspect.signature(function)
    given = [_parameter(one) for one in list(signature.parameters.values())[skip:]]
    answer = "" if function.__name__ == "__init__" else f" -> {type_text(signature.return_annotation)}"
    return code(f"{name}({', '.join(given)}){answer}")


def _parameter(one: inspect.Parameter) -> str:
    stars = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
    default = "" if one.default is one.empty else f" = {default_text(one.default)}"
    return f"{stars}{one.name}: {type_text(one.annotation)}{default}"


def _fields(kind: Any) -> str:
    if not issubclass(kind, Struct):
        return ""
    rows = []
    for field in msgspec.structs.fields(kind):
        default = field.default_factory if field.default is NODEFAULT else field.default
        rows.append(
            (code(field.name), code(type_text(field.type)), "" if default is NODEFAULT else code(default_text(default)))
        )
    return table(["Field", "Type", "Default"], rows) if rows else ""


def _members(kind: Any) -> str:
    rows = [(code(name), "") for name in given_attributes(kind)]
    for name, value in members(kind).items():
        if isinstance(value, property) or hasattr(value, "func"):
            rows.append((code(name), _text(getter(value))))
        elif inspect.isfunction(value):
            rows.append((_call(name, value, skip=1), _text(value)))
    return table(["Member", ""], rows) if rows else ""


def _text(function: Any) -> str:
    return inspect.cleandoc(function.__doc__ or "")
