"""Variables in a client's fingerprint, such as `{{ transaction }}`."""

import re
from collections.abc import Callable, Mapping

from amber.model import Event, ExceptionValue, frames_of
from amber_grouping.stack.frames import Stack, stack_of
from amber_grouping.stack.messages import first_lines

DEFAULT = re.compile(r"\{\{\s*default\s*\}\}", re.IGNORECASE)
VARIABLE = re.compile(r"\{\{\s*([\w.:-]+)\s*\}\}")


def resolve(value: str, event: Event) -> str:
    """The fingerprint value with its variables filled in; what is missing reads `<no-type>` and so on."""
    return VARIABLE.sub(lambda found: _value(found[1], event), value)


def _value(name: str, event: Event) -> str:
    if name.startswith("tags."):
        return _tag(name.removeprefix("tags."), event) or f"<no-value-for-tag-{name.removeprefix('tags.')}>"
    find = VARIABLES.get(name)
    return (find(event) or f"<no-{name}>") if find else f"<unrecognized-variable-{name}>"


def _tag(key: str, event: Event) -> str:
    tags = event.data.get("tags")
    pairs = (
        [pair for pair in tags if isinstance(pair, list | tuple) and len(pair) == 2] if isinstance(tags, list) else []
    )
    return next((str(value) for name, value in pairs if name == key), "")


def _last(event: Event) -> ExceptionValue:
    """The exception that was raised last."""
    return event.chain[-1] if event.chain else ExceptionValue()


def _stack(event: Event) -> Stack:
    return stack_of(_last(event).frames or frames_of(event.body), event.text("platform"))


def _message(event: Event) -> str:
    return first_lines(event.message or _last(event).value or "")


def _module(event: Event) -> str:
    stack = _stack(event)
    return stack.frames[-1][0] if stack.frames else _last(event).module or ""


def _function(event: Event) -> str:
    stack = _stack(event)
    return stack.frames[-1][1] if stack.frames else ""


VARIABLES: Mapping[str, Callable[[Event], str]] = {
    "transaction": lambda event: event.text("transaction"),
    "message": _message,
    "type": lambda event: _last(event).type or "",
    "error.type": lambda event: _last(event).type or "",
    "value": lambda event: first_lines(_last(event).value or ""),
    "error.value": lambda event: first_lines(_last(event).value or ""),
    "function": _function,
    "stack.function": _function,
    "module": _module,
    "stack.module": _module,
    "level": lambda event: event.level,
    "logger": lambda event: event.text("logger"),
    "default": lambda event: "{{ default }}",
}
