"""The chain of exceptions of an event and its frames, as typed values without what is heavy (variables, source)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from amber.model.bodies import Body
from amber.model.repeats import Json, remembered


class Frame(Struct, frozen=True, gc=False):
    """One stack frame, oldest call first in its stack. `in_app` is None where the SDK did not say."""

    function: str | None = None
    module: str | None = None
    filename: str | None = None
    abs_path: str | None = None
    package: str | None = None
    lineno: int | None = None
    colno: int | None = None
    context_line: str | None = None
    in_app: bool | None = None
    platform: str | None = None
    raw_function: str | None = None


class Stacktrace(Struct, frozen=True):
    """Frames of one thread or exception, oldest call first."""

    frames: tuple[Frame, ...] | None = None


class ExceptionValue(Struct, frozen=True):
    """One exception of a chain; chains hold the oldest cause first."""

    type: str | None = None
    value: str | None = None
    module: str | None = None
    stacktrace: Stacktrace | None = None
    mechanism: Mapping[str, Any] | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Its stack's frames, oldest call first."""
        return (self.stacktrace and self.stacktrace.frames) or ()


class _Chain(Struct, frozen=True):
    values: tuple[ExceptionValue, ...] | None = None


_CHAIN = msgspec.json.Decoder(_Chain)
_STACK = msgspec.json.Decoder(Stacktrace)


def chain_of(body: Body) -> tuple[ExceptionValue, ...]:
    """The exceptions of an event, oldest cause first; what is not in normal form is left out."""
    if (field := body.as_it_came("exception")) is not None:
        return chain_in(field)
    return _chain(body)


@remembered
def chain_in(field: Json) -> tuple[ExceptionValue, ...]:
    """The exceptions of an event's `exception` as it came, oldest cause first."""
    return _chain(Body({"exception": field}))


def _chain(body: Body) -> tuple[ExceptionValue, ...]:
    try:
        chain = body.read("exception", _CHAIN)
    except msgspec.ValidationError:
        return _tolerant_chain(body["exception"])
    return (chain and chain.values) or ()


def frames_of(body: Body) -> tuple[Frame, ...]:
    """The frames of the event's own stack trace, oldest call first; what is not in normal form is left out."""
    try:
        stack = body.read("stacktrace", _STACK)
    except msgspec.ValidationError:
        return _tolerant_stack(body["stacktrace"]).frames or ()
    return (stack and stack.frames) or ()


def stack_from(value: Any) -> tuple[Frame, ...]:
    """The frames of a stack trace given as plain values, oldest call first; what is not in normal form is left out."""
    try:
        return msgspec.convert(value, Stacktrace).frames or ()
    except msgspec.ValidationError:
        return _tolerant_stack(value).frames or ()


def _tolerant_chain(value: Any) -> tuple[ExceptionValue, ...]:
    """Whatever of a chain can be used, for protocols that do not keep to the normal form."""
    return tuple(_tolerant_exception(entry) for entry in _objects(value, "values"))


def _tolerant_exception(entry: Mapping[str, Any]) -> ExceptionValue:
    texts = {name: entry[name] for name in ("type", "value", "module") if isinstance(entry.get(name), str)}
    mechanism = entry.get("mechanism")
    return ExceptionValue(
        **texts,
        stacktrace=_tolerant_stack(entry.get("stacktrace")),
        mechanism=mechanism if isinstance(mechanism, Mapping) else None,
    )


def _tolerant_stack(value: Any) -> Stacktrace:
    return Stacktrace(tuple(_tolerant_frame(entry) for entry in _objects(value, "frames")))


def _tolerant_frame(entry: Mapping[str, Any]) -> Frame:
    right = {}
    for field in msgspec.structs.fields(Frame):
        try:
            right[field.name] = msgspec.convert(entry.get(field.name), field.type)
        except msgspec.ValidationError:
            continue
    return Frame(**right)


def _objects(value: Any, key: str) -> list[Mapping[str, Any]]:
    entries = value.get(key) if isinstance(value, Mapping) else None
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list | tuple) else []
