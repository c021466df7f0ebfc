"""What of a stack trace counts: which frames, and what of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber.model import Frame
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


def stack_of(frames: Sequence[Frame], platform: str) -> Stack:
    """The in-app frames of a stack trace, or all of its frames where none of those tells anything."""
    own = _folded(_keys([frame for frame in frames if frame.in_app], platform))
    if own:
        return Stack(own, is_in_app=True)
    return Stack(_folded(_keys(frames, platform)))


def _keys(frames: Sequence[Frame], platform: str) -> list[FrameKey]:
    keys = [_frame_key(frame, platform if frame.platform is None else frame.platform) for frame in frames]
    return [key for key in keys if key != UNKNOWN]


def _frame_key(frame: Frame, platform: str) -> FrameKey:
    function = names.function_name(_function(frame, platform), platform)
    is_nameless = platform == "javascript" and not function and names.URL.match(frame.abs_path or "") is not None
    return (
        (frame.module and names.module_name(frame.module, platform))
        or names.file_name(frame.filename or frame.abs_path or ""),
        function,
        "" if is_nameless else names.source_line(frame.context_line or "", platform),
    )


def _function(frame: Frame, platform: str) -> str:
    if platform == "csharp":
        return frame.raw_function or frame.function or ""
    return frame.function or frame.raw_function or ""


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
