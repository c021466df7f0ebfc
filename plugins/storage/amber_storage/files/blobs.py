"""The blob store on files."""

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from amber.errors import Reject, Unavailable

PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,200}"  # never . or .., so that no key leads out of the folder
KEY = re.compile(rf"{PART}(/{PART}){{0,9}}")
PREFIX = re.compile(rf"(?P<folder>({PART}/){{0,9}})[A-Za-z0-9._-]{{0,200}}")
# Neither sign may stand in a key. So a blob is never in the way of a folder of the same name, and what a crash left
# half-written is never taken for a blob.
WHOLE, PARTIAL = "=", "~"


class FileBlobStore:
    """Blobs as files below one folder; see `amber.model.BlobStore` for what each method promises."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, durable on return; a reader never sees half of it."""
        path = self._path(key)
        partial = path.with_name(f"{path.name}{PARTIAL}{token_hex(8)}")
        with _border():
            _make_folder(path.parent)
            try:
                _write(partial, data)
                partial.replace(path)
            except OSError:
                partial.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""
        with _border():
            try:
                return self._path(key).read_bytes()
            except FileNotFoundError:
                return None

    def delete(self, key: str) -> None:
        """Forget the key; a missing one is no error."""
        with _border():
            self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str, before: float = math.inf) -> Iterator[str]:
        """All keys that start with `prefix` and were last put before a time (Unix seconds), in no promised order."""
        found = PREFIX.fullmatch(prefix)
        if found is None:
            raise Reject(f"prefix: no key can start with {prefix[:100]!r}")
        every = (key for key in self._below(self._root / found["folder"]) if key.startswith(prefix))
        return every if before == math.inf else (key for key in every if _is_older(self._path(key), before))

    def sweep(self, before: float) -> int:
        """Remove what crashes left half-written before a time (Unix seconds); how many files that were."""
        with _border():
            left = [path for path in self._root.rglob(f"*{PARTIAL}*") if _is_older(path, before)]
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def _below(self, folder: Path) -> Iterator[str]:
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.endswith(WHOLE):
                    yield Path(parent, name.removesuffix(WHOLE)).relative_to(self._root).as_posix()

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise Reject(f"key: {key[:100]!r} is not made of letters, digits, '.', '-', '_' and '/'")
        return self._root / (key + WHOLE)


def _is_older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime < than
    except FileNotFoundError:  # another process has just finished it
        return False


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, each durable in the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders; there a rename is durable with the file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _border() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the blob folder does not answer: {error}") from error
