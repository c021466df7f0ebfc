"""Why an event belongs to its issue: what counted, what did not."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

FRAME = ("module", "function", "line")
"""The parts of one frame, in their order."""
EXCEPTION = ("type", "value")


class Part(Struct, frozen=True):
    """Something that counted: a frame with its parts below, or a part alone."""

    title: str
    text: str
    parts: tuple[tuple[str, str], ...] = ()


class Ignored(Struct, frozen=True):
    """Something that did not count, and why."""

    what: str
    why: str


class Explained(Struct, frozen=True):
    """The rule that decided, in one sentence, with what it looked at."""

    summary: str
    mechanism: str
    version: str
    key: str
    counted: tuple[Part, ...]
    ignored: tuple[Ignored, ...]


def explained(grouping: Mapping[str, Any], data: Mapping[str, Any]) -> Explained:
    """The grouping of an event as it was stored, compared with what the event holds."""
    parts = [(spelled(one[0]), spelled(one[1])) for one in grouping.get("parts") or () if len(one) == 2]
    mechanism = spelled(grouping.get("mechanism"))
    return Explained(
        summary=spelled(grouping.get("summary")),
        mechanism=mechanism,
        version=spelled(grouping.get("version")),
        key=spelled(grouping.get("key")),
        counted=counted(parts),
        ignored=ignored(mechanism, parts, data),
    )


def counted(parts: Sequence[tuple[str, str]]) -> tuple[Part, ...]:
    """The parts in their order, those of one frame together."""
    found: list[Part] = []
    rank = len(FRAME)
    for name, text in parts:
        if name not in FRAME:
            found.append(Part(name, text))
            rank = len(FRAME)
            continue
        if rank >= FRAME.index(name) or found[-1].title != "frame":
            found.append(Part("frame", "", ()))
        rank = FRAME.index(name)
        found[-1] = Part("frame", "", (*found[-1].parts, (name, text)))
    return tuple(found)


def ignored(mechanism: str, parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> tuple[Ignored, ...]:
    """What the event holds besides, as far as this mechanism is known to leave it out."""
    reasons = IGNORED.get(mechanism)
    return tuple(one for reason in reasons or () if (one := reason(parts, data)) is not None)


def _libraries(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    frames = _frames(data)
    others = sum(1 for frame in frames if frame.get("in_app") is not True)
    if not others or others == len(frames):
        return None
    return Ignored(f"{others} library {'frame' if others == 1 else 'frames'}", "there are frames of the app to go by")


def _values(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    if not any(name in FRAME for name, _ in parts) or any(name == "value" for name, _ in parts):
        return None
    told = any(one.get("value") for one in objects(data.get("exception")))
    return Ignored("the message of the exception", "there are frames to go by, and messages vary") if told else None


def _numbers(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    if not any(frame.get("lineno") for frame in _frames(data)):
        return None
    return Ignored("line numbers and variables", "they change with every release, or every event")


def _message(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    return Ignored("the message", "there is a stack trace to go by") if mapping(data.get("logentry")) else None


def _everything(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    kinds = {"exception": "the exceptions", "stacktrace": "the stack trace", "logentry": "the message"}
    held = [title for field, title in kinds.items() if data.get(field)]
    return Ignored(" and ".join(held), "the client asked for this fingerprint") if held else None


def _variable(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    return Ignored(
        "numbers, ids, dates and addresses in the message", "they stand as <int>, <uuid> … so that repeats match"
    )


def _address(parts: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> Ignored | None:
    return Ignored("path and query of what was blocked, the page, the line", "one source is one cause")


IGNORED: Mapping[str, Any] = {
    "fingerprint": (_everything,),
    "exception": (_libraries, _values, _numbers),
    "stack": (_libraries, _message, _numbers),
    "message": (_variable,),
    "csp": (_address,),
}
"""By mechanism, what may be left out."""


def _frames(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    stacks = [one.get("stacktrace") for field in ("exception", "threads") for one in objects(data.get(field))]
    return [frame for stack in (*stacks, data.get("stacktrace")) for frame in objects(mapping(stack).get("frames"))]


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object; an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, or of the `values` an object holds."""
    listed = value.get("values") if isinstance(value, Mapping) else value
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list | tuple) else []


def spelled(value: object) -> str:
    """A value as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
