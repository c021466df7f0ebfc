"""Stack traces and their frames, oldest call first."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta

from amber_ingest.normalise.bags import SMALL_BAG, anything, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import BOOLEAN, INTEGER, Rule, Shape, lines, text

NEWEST, OLDEST = 200, 50
MOST_DETAILED = 50
DETAILS = ("vars", "pre_context", "post_context")
LINE = 4096
HEX = r"^0x[0-9a-f]{1,16}$"
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,16})")


def _address(value: Any, notes: Notes, path: Path) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return hex(value)
    found = _HEX.fullmatch(value) if isinstance(value, str) else None
    if found and (value[1:2] in "xX" or not value.isdecimal()):
        return f"0x{found[1].lower()}"
    if found and int(value) < 2**64:
        return hex(int(value))
    notes.bad(path, "expected an address", value)
    return None


ADDRESS = Rule(Annotated[str, Meta(pattern=HEX)], _address)

FRAME = Shape(
    "FrameShape",
    {
        "function": text(512),
        "raw_function": text(512),
        "symbol": text(512),
        "module": text(256, 20),
        "package": text(256, 40),
        "filename": text(256, 40),
        "abs_path": text(256, 40),
        "lineno": INTEGER,
        "colno": INTEGER,
        "pre_context": lines(LINE, 100),
        "context_line": text(LINE),
        "post_context": lines(LINE, 100),
        "source_link": text(512),
        "in_app": BOOLEAN,
        "native": BOOLEAN,
        "vars": bag(*SMALL_BAG),
        "data": bag(*SMALL_BAG),
        "instruction_addr": ADDRESS,
        "symbol_addr": ADDRESS,
        "image_addr": ADDRESS,
        "function_id": ADDRESS,
        "addr_mode": text(128),
        "platform": text(64),
        "lang": text(64),
        "trust": text(128),
        "stack_start": BOOLEAN,
        "lock": bag(2048, 3),
        "module_metadata": anything(*SMALL_BAG),
        "under_symbolication": BOOLEAN,
    },
)

STACKTRACE = Shape(
    "StacktraceShape",
    {
        "frames": Rule(Any, lambda value, notes, path: _frames(value, notes, path), always=True),
        "registers": bag(4096, 2),
        "instruction_addr_adjustment": text(64),
        "lang": text(64),
        "snapshot": BOOLEAN,
        "frames_omitted": anything(256, 2),
    },
)


def stacktrace(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """A stack trace; a bare list counts as its frames."""
    if isinstance(value, list):
        value = {"frames": value}
    return STACKTRACE.apply(value, notes, path)


def _frames(value: Any, notes: Notes, path: Path) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        notes.bad(path, "expected a list", value)
        return None
    given = [frame for frame in value if frame is not None]
    if len(given) > NEWEST + OLDEST:
        notes.shortened(path, len(given))
        given = given[:OLDEST] + given[-NEWEST:]
    kept: list[dict[str, Any]] = []
    for frame in given:
        right = _frame(frame, notes, (*path, str(len(kept))))
        if right is not None:
            kept.append(right)
    if len(kept) > MOST_DETAILED:
        _slim(kept)
    return kept


def _frame(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    frame = FRAME.apply(value, notes, path)
    if frame is None:
        return None
    if frame.get("function") == "?":
        frame["function"] = None
    if not frame.get("filename") or not frame.get("abs_path"):
        _name_file(frame)
    if frame.get("context_line") is None and (frame.get("pre_context") or frame.get("post_context")):
        frame["context_line"] = ""
    return frame


def _name_file(frame: dict[str, Any]) -> None:
    """Fill in whichever of file name and absolute path is missing from the other."""
    filename, path = frame.get("filename"), frame.get("abs_path")
    if filename and not path:
        frame["abs_path"], frame["filename"] = filename, _path_of(filename)
    elif path and not filename:
        frame["filename"] = _path_of(path)


def _path_of(address: str) -> str:
    """The path of a web address, or the address itself where it is none."""
    if "://" not in address:
        return address
    try:
        return urlsplit(address).path or address
    except ValueError:
        return address


def _slim(frames: list[dict[str, Any]]) -> None:
    """Leave variables and surrounding source on `MOST_DETAILED` frames: the app's own first, and then the outermost."""
    app = [frame for frame in frames if frame.get("in_app")]
    other = [frame for frame in frames if not frame.get("in_app")]
    room = max(0, MOST_DETAILED - len(app))
    for frame in _middle(other, room) + _middle(app, MOST_DETAILED):
        for field in DETAILS:
            frame.pop(field, None)


def _middle(frames: list[dict[str, Any]], keep: int) -> list[dict[str, Any]]:
    """The frames that are left when half of `keep` stay at either end."""
    first = keep // 2
    return frames[first : max(first, len(frames) - (keep - first))]
