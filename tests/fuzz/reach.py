"""Which functions read what others wrote, found in the source; and which of them the list of decoders gets to."""

import ast
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from .corpus import seeds_of
from .decoders import Decoder, all_decoders

ROOT = Path(__file__).parents[2]
READS = {"decode", "convert", "loads", "load", "decompress", "decompressobj", "parse_qsl", "parse_qs", "b64decode"}
READS |= {"urlsafe_b64decode", "unpack", "unpack_from", "read_json"}
Place = tuple[str, str]
"""A file, as seen from the repository, and a function in it."""


def readers() -> set[Place]:
    """Every function of the kernel and the plugins that has something decoded, parsed or inflated."""
    folders = [ROOT / "kernel" / "amber", *(ROOT / "plugins").glob("*/amber_*")]
    files = [file for folder in folders for file in folder.rglob("*.py") if "testing" not in file.parts]
    return {place for file in files for place in _readers_in(file)}


def _readers_in(file: Path) -> Iterator[Place]:
    for function in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_reads, ast.walk(function))):
            yield str(file.relative_to(ROOT)), function.name


def _reads(node: ast.AST) -> bool:
    """Whether this calls something that reads; `text.decode("utf-8")` makes text of bytes, and reads nothing."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0]
    return name in READS and not (isinstance(first, ast.Constant) and isinstance(first.value, str))


@contextlib.contextmanager
def watched() -> Iterator[set[Place]]:
    """The functions that are entered meanwhile, in any thread."""
    found: set[Place] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            found.add((frame.f_code.co_filename, frame.f_code.co_name))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type] # as its documentation has it


def reached(decoder: Decoder) -> set[Place]:
    """The functions that reading what is kept for a decoder enters."""
    with decoder.open() as run, watched() as found:
        for data in seeds_of(decoder):
            decoder.answer(run, data)
    root = f"{ROOT}/"
    return {(file.removeprefix(root), name) for file, name in found if file.startswith(root)}


def reached_by_all() -> set[Place]:
    """The same for every decoder, in a process of its own: here, answers may be remembered and not worked out anew."""
    command = [sys.executable, "-c", "from tests.fuzz.reach import tell; tell()"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {(file, name) for file, name in json.loads(told)}


def tell() -> None:
    """Print what every decoder gets to."""
    print(json.dumps(sorted(set().union(*map(reached, all_decoders().values())))))
