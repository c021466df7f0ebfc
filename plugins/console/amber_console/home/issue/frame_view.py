"""Stack traces as a page shows them."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from msgspec import Struct, structs

from amber_console.home.issue.values import Pairs, mapping, objects, pairs, spelled

MOST_OPEN = 5
"""So many frames of one stack are open at first."""


class Line(Struct, frozen=True):
    """A line of source; the one that ran is current."""

    number: int | None
    text: str
    is_current: bool


class FrameView(Struct, frozen=True):
    """One call. `path` is the whole path of the file, `address` where the instruction lies in memory."""

    function: str
    place: str
    path: str
    module: str
    address: str
    note: str
    is_in_app: bool
    lines: tuple[Line, ...]
    variables: Pairs
    is_open: bool = False

    @property
    def has_details(self) -> bool:
        """Whether there is more to see than its one line."""
        return bool(self.lines or self.variables)


class Run(Struct, frozen=True):
    """Calls that stand together and are all ours or all a library's; `is_folded` where only a count is seen first."""

    is_in_app: bool
    is_folded: bool
    frames: tuple[FrameView, ...]


class StackView(Struct, frozen=True):
    """Calls, the most recent first."""

    runs: tuple[Run, ...] = ()
    registers: Pairs = ()

    @property
    def frames(self) -> tuple[FrameView, ...]:
        """All calls, the most recent first."""
        return tuple(frame for run in self.runs for frame in run.frames)

    @property
    def is_mixed(self) -> bool:
        """Whether there are frames of ours and of libraries."""
        return len({run.is_in_app for run in self.runs}) == 2


def stack_view(trace: object) -> StackView:
    """A stack trace in the normal form of events: our frames open, those of libraries folded into runs."""
    given = mapping(trace)
    frames = _opened([frame_view(one) for one in reversed(objects(given.get("frames")))])
    runs = [(ours, tuple(together)) for ours, together in groupby(frames, lambda frame: frame.is_in_app)]
    are_ours = any(ours for ours, _ in runs)
    return StackView(
        tuple(Run(ours, are_ours and not ours, together) for ours, together in runs), pairs(given.get("registers"))
    )


def frame_view(frame: Mapping[str, Any]) -> FrameView:
    """A frame in the normal form of events."""
    address = spelled(frame.get("instruction_addr"))
    function = spelled(frame.get("function") or frame.get("raw_function"))
    place = _place(frame)
    return FrameView(
        function=function or address or "?",
        place=place,
        path=spelled(frame.get("abs_path") or frame.get("package")),
        module=_module(spelled(frame.get("module")), spelled(frame.get("filename"))) or _image(frame, place),
        address=address if function else "",
        note="guessed from the stack’s memory" if frame.get("trust") in ("scan", "cfi-scan") else "",
        is_in_app=frame.get("in_app") is True,
        lines=_source(frame),
        variables=pairs(frame.get("vars")),
    )


def _opened(frames: list[FrameView]) -> list[FrameView]:
    """The frames with our newest ones open; where none is ours, the newest that shows anything."""
    telling = [at for at, frame in enumerate(frames) if frame.has_details]
    ours = [at for at in telling if frames[at].is_in_app]
    is_open = set(ours[:MOST_OPEN] or ([] if any(frame.is_in_app for frame in frames) else telling[:1]))
    return [structs.replace(frame, is_open=at in is_open) for at, frame in enumerate(frames)]


def _place(frame: Mapping[str, Any]) -> str:
    file = _below_host(spelled(frame.get("filename") or frame.get("abs_path"))) or _package(frame)
    numbers = [str(one) for one in (frame.get("lineno"), frame.get("colno")) if isinstance(one, int) and one > 0]
    return ":".join([file, *numbers]) if file else ""


def _package(frame: Mapping[str, Any]) -> str:
    return spelled(frame.get("package")).replace("\\", "/").rpartition("/")[2]


def _image(frame: Mapping[str, Any], place: str) -> str:
    """The binary a native frame lies in, where its place does not say it."""
    image = _package(frame) if frame.get("instruction_addr") else ""
    return "" if image == place else image


def _below_host(file: str) -> str:
    """The path of a script from the web, which is hard to read behind its host; any other file as it is."""
    scheme, _, rest = file.partition("://")
    path = rest.partition("/")[2]
    return f"/{path}" if scheme in ("http", "https") and path else file


def _module(module: str, file: str) -> str:
    """The module, where the file does not say it already."""
    path = file.replace("\\", "/").rpartition(".")[0].removesuffix("/__init__")
    return "" if path and path.endswith(module.replace(".", "/")) else module


def _source(frame: Mapping[str, Any]) -> tuple[Line, ...]:
    current = frame.get("context_line")
    if current is None:
        return ()
    before, after = _texts(frame.get("pre_context")), _texts(frame.get("post_context"))
    while after and not after[-1].strip():  # blank lines below tell nothing
        after.pop()
    number = frame.get("lineno")
    first = number - len(before) if isinstance(number, int) else None
    return tuple(
        Line(first + at if first is not None and first + at > 0 else None, text, at == len(before))
        for at, text in enumerate([*before, spelled(current), *after])
    )


def _texts(lines: object) -> list[str]:
    return [spelled(line) for line in lines] if isinstance(lines, list) else []
