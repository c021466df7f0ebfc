"""What an event says, read with care: nothing a client sent is trusted to have the shape it should have."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

Pairs = tuple[tuple[str, str], ...]
WIDTH = 76
"""JSON that is no wider than this stands on one line."""


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object; an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, or of the `values` an object holds."""
    listed = value.get("values") if isinstance(value, Mapping) else value
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list | tuple) else []


def spelled(value: object) -> str:
    """A value as text: text as it is, anything else as JSON, broken over lines where it is long."""
    if value is None or isinstance(value, str):
        return value or ""
    return _json(value, "")


def _json(value: object, margin: str) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if len(margin) + len(line) <= WIDTH or not value or not isinstance(value, dict | list | tuple):
        return line
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(str(name), ensure_ascii=False)}: {_json(one, inner)}" for name, one in value.items()
        ]
        return "{\n" + ",\n".join(parts) + f"\n{margin}}}"
    return "[\n" + ",\n".join(inner + _json(one, inner) for one in value) + f"\n{margin}]"


def pairs(value: object) -> Pairs:
    """The pairs of an object or of a list of pairs; those that say nothing are left out."""
    given: Iterable[Any] = value.items() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    known = [tuple(one) for one in given if isinstance(one, list | tuple) and len(one) == 2]
    return tuple((spelled(name), spelled(content).rstrip()) for name, content in known if content is not None)


def sound(text: str) -> str:
    """The text without lone surrogates, which no address can hold."""
    return text.encode("utf-8", "replace").decode()


def moment(value: object) -> float | None:
    """Unix seconds of a time in normal form; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def link(address: str) -> str:
    """The address where a browser may be sent there: http or https, with a host and without blanks; else empty."""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return address if is_web and address.isprintable() and " " not in address else ""
