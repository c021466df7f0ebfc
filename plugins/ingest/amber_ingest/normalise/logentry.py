"""The message of an event, and the formatting of its parameters."""

import re
from typing import Any

from amber_ingest.normalise.bags import trim
from amber_ingest.normalise.encoding import fits, written
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule, Shape, loose_text, shorten, spelled

TEXT = 8192, 200
PARAMS = 2048, 4
_PERCENT = re.compile(
    r"%(?:\((?P<name>[^()%]{0,100})\))?[-+ #0]{0,5}\d{0,10}(?:\.\d{0,10})?[hlL]?(?P<kind>[diouxXeEfFgGcrsa%])"
)
_CURLY = re.compile(r"\{(?P<name>\w{0,100})(?:[:!.\[][^{}]{0,50})?\}")


def _params(value: Any, notes: Notes, path: Path) -> Any:
    if not isinstance(value, dict | list):
        value = [value]
    return value if fits(value, *PARAMS) else trim(value, PARAMS, notes, path)[0]


LOGENTRY = Shape(
    "LogentryShape",
    {
        "message": loose_text(*TEXT),
        "formatted": loose_text(*TEXT),
        "params": Rule(Any, _params, always=True),
    },
)


def logentry(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """A message: `formatted` as people read it, and `message` with `params` where it was a template."""
    if not isinstance(value, dict):
        value = {"formatted": value}
    entry = LOGENTRY.apply(value, notes, path)
    if entry is None:
        return None
    template, params = entry.get("message"), entry.get("params")
    if template and not entry.get("formatted"):
        entry["formatted"] = shorten(_format(template, params), TEXT, notes, (*path, "formatted"))
    if template == entry.get("formatted"):
        entry.pop("message", None)
    return entry if entry.get("formatted") else None


def _format(template: str, params: Any) -> str:
    """The template with its parameters put in, `%` style or else `{}` style; what has no parameter stays as it is."""
    if not params:
        return template
    found = [match for match in _PERCENT.finditer(template) if match["kind"] != "%"]
    return _fill(_PERCENT if found else _CURLY, template, params)


def _fill(pattern: re.Pattern[str], template: str, params: Any) -> str:
    unnamed = iter(params if isinstance(params, list) else ())

    def put(match: re.Match[str]) -> str:
        if match[0].endswith("%"):
            return "%"
        name = match["name"]
        if isinstance(params, dict):
            return _written(params[name]) if name in params else match[0]
        if name:
            return _written(params[int(name)]) if name.isdecimal() and int(name) < len(params) else match[0]
        return _written(next(unnamed, match[0]))

    return pattern.sub(put, template)


def _written(value: Any) -> str:
    if value is None:
        return "None"
    return spelled(value) or written(value)
