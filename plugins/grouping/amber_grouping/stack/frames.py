"""What of a stack trace counts: which frames, and what of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber_grouping.stack import names
from amber_grouping.stack.key import MAX_VALUE, Part

LONGEST_CYCLE = 4
"""Functions that call each other in turn, up to so many, count once however deep they went."""

MODULE, FUNCTION, LINE = "module", "function", "line"
FrameKey = tuple[str, str, str]
UNKNOWN: FrameKey = ("", "", "")


class Stack(Struct, frozen=True):
    """The frames that count, oldest first, as (module or file, function, source line)."""

    frames: tuple[FrameKey, ...] = ()
    is_in_app: bool = False

    def parts(self) -> list[Part]:
        """One part for each thing known of each frame."""
        found: list[Part] = []
        for module, function, line in self.frames:
            found += [(MODULE, module[:MAX_VALUE])] if module else ()
            found += [(FUNCTION, function[:MAX_VALUE])] if function else ()
            found += [(LINE, line)] if line else ()
        return found

    @property
    def place(self) -> str:
        """Where the newest frame stands, for people."""
        module, function, _ = self.frames[-1] if self.frames else ("", "", "")
        return " in ".join(word for word in (module, function) if word)


def stack_of(trace: object, platform: str) -> Stack:
    """The in-app frames of a stack trace, or all of its frames where none of those tells anything."""
    listed = trace.get("frames") if isinstance(trace, Mapping) else None
    frames = [frame for frame in listed if isinstance(frame, Mapping)] if isinstance(listed, Sequence) else []
    own = _folded(_keys([frame for frame in frames if frame.get("in_app")], platform))
    if own:
        return Stack(own, is_in_app=True)
    return Stack(_folded(_keys(frames, platform)))


def _keys(frames: Sequence[Mapping[str, Any]], platform: str) -> list[FrameKey]:
    keys = [_frame_key(frame, text(frame, "platform") if "platform" in frame else platform) for frame in frames]
    return [key for key in keys if key != UNKNOWN]


def _frame_key(frame: Mapping[str, Any], platform: str) -> FrameKey:
    module = text(frame, "module")
    function = names.function_name(_function(frame, platform), platform)
    is_nameless = platform == "javascript" and not function and names.URL.match(text(frame, "abs_path")) is not None
    return (
        (module and names.module_name(module, platform))
        or names.file_name(text(frame, "filename") or text(frame, "abs_path")),
        function,
        "" if is_nameless else names.source_line(text(frame, "context_line"), platform),
    )


def _function(frame: Mapping[str, Any], platform: str) -> str:
    fields = ("raw_function", "function") if platform == "csharp" else ("function", "raw_function")
    return text(frame, fields[0]) or text(frame, fields[1])


def _folded(frames: Sequence[FrameKey]) -> tuple[FrameKey, ...]:
    """The frames with every direct repetition of up to `LONGEST_CYCLE` frames taken out."""
    kept: list[FrameKey] = []
    for frame in frames:
        kept.append(frame)
        if frame in kept[-LONGEST_CYCLE - 1 : -1]:  # most frames are new: only then look for a cycle
            _drop_cycle(kept)
    return tuple(kept)


def _drop_cycle(kept: list[FrameKey]) -> None:
    for size in range(1, min(LONGEST_CYCLE, len(kept) // 2) + 1):
        if kept[-size:] == kept[-2 * size : -size]:
            del kept[-size:]
            return


def text(node: Mapping[str, Any], key: str) -> str:
    """The field as text, empty where it is missing or something else."""
    value = node.get(key)
    return value if isinstance(value, str) else ""
