"""Stack traces as a page shows them."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct


class Line(Struct, frozen=True):
    """A line of source; the one that ran is current."""

    number: int | None
    text: str
    is_current: bool


class FrameView(Struct, frozen=True):
    """One call."""

    place: str
    function: str
    module: str
    is_in_app: bool
    lines: tuple[Line, ...]
    variables: tuple[tuple[str, str], ...]


class Run(Struct, frozen=True):
    """Calls that stand together and are all ours or all a library's."""

    is_in_app: bool
    frames: tuple[FrameView, ...]


class ExceptionView(Struct, frozen=True):
    """One exception of a chain with its calls, the most recent first."""

    type: str
    value: str
    module: str
    mechanism: str
    is_handled: bool
    runs: tuple[Run, ...]


def exception_view(value: Mapping[str, Any]) -> ExceptionView:
    """An exception in the normal form of events."""
    mechanism = value.get("mechanism") or {}
    frames = [frame_view(one) for one in reversed((value.get("stacktrace") or {}).get("frames") or ()) if one]
    return ExceptionView(
        type=str(value.get("type") or "Error"),
        value=spelled(value.get("value")),
        module=str(value.get("module") or ""),
        mechanism=str(mechanism.get("type") or ""),
        is_handled=mechanism.get("handled") is not False,
        runs=tuple(Run(ours, tuple(together)) for ours, together in groupby(frames, lambda frame: frame.is_in_app)),
    )


def frame_view(frame: Mapping[str, Any]) -> FrameView:
    """A frame in the normal form of events."""
    file, number = frame.get("filename") or frame.get("abs_path") or frame.get("package") or "?", frame.get("lineno")
    return FrameView(
        place=f"{file}:{number}" if number else str(file),
        function=str(frame.get("function") or "?"),
        module=str(frame.get("module") or ""),
        is_in_app=bool(frame.get("in_app")),
        lines=_source(frame),
        variables=tuple((str(name), spelled(value)) for name, value in (frame.get("vars") or {}).items()),
    )


def spelled(value: object) -> str:
    """A value as text: text as it is, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


def _source(frame: Mapping[str, Any]) -> tuple[Line, ...]:
    current = frame.get("context_line")
    if current is None:
        return ()
    before, after = frame.get("pre_context") or (), frame.get("post_context") or ()
    texts = [*before, current, *after]
    first = frame["lineno"] - len(before) if frame.get("lineno") else None
    return tuple(
        Line(None if first is None else first + at, str(text or ""), at == len(before)) for at, text in enumerate(texts)
    )
