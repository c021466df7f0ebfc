"""The compilers and package managers of other languages, and what they build, kept from run to run."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.running import clean_environment

SOURCES = Path(__file__).parent
BUILT = "built"
SLOWEST = 240
"""Seconds the slowest build may take, with nothing downloaded yet and the machine busy."""
NEEDED = {
    "go": "Go 1.25 or newer",
    "cargo": "Rust 1.89 or newer",
    "java": "a JDK, 17 or newer",
    "mvn": "Maven 3.8 or newer",
    "node": "Node.js 20 or newer",
    "npm": "npm, which comes with Node.js",
}


def tool(name: str) -> str:
    """The program of that name; AssertionError that says what to install where it is missing."""
    found = shutil.which(name)
    assert found, f"`{name}` is missing: install {NEEDED[name]}. The flow tests run every SDK for real."
    return found


def run(*words: str, folder: Path, seconds: int = 60) -> str:
    """What a program prints; AssertionError with what it complained of where it fails."""
    # anyhow takes a stack only when it is asked to; without cgo, Go needs no C compiler.
    environment = clean_environment({"RUST_BACKTRACE": "1", "CGO_ENABLED": "0"})
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


def built(language: str, *steps: tuple[str, ...]) -> Path:
    """A folder with the program of that language, built by these steps; the same sources are built once."""
    source = SOURCES / language
    folder = _cache() / language / _digest(source)
    with _locked(folder):
        if not (folder / BUILT).exists():
            shutil.copytree(source, folder, dirs_exist_ok=True)
            for name, *words in steps:
                run(name if name.startswith("node_modules") else tool(name), *words, folder=folder, seconds=SLOWEST)
            (folder / BUILT).touch()
    return folder


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "amber-tests" / "sdks"


def _digest(source: Path) -> str:
    files = sorted(path for path in source.rglob("*") if path.is_file())
    told = hashlib.sha256()
    for path in files:
        told.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
