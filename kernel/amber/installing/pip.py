"""pip, run as a program: found wherever this Python has one, its refusals told in one sentence."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from amber.errors import Reject

PATIENCE = 900.0
"""Seconds for one run of pip; it waits for slow indexes by itself."""
OPTIONS = ("--disable-pip-version-check", "--no-input")
PINNED = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
CONFLICT = re.compile(r"The conflict is caused by:\n(.*?)\n\s*\n", re.DOTALL)
CONSTRAINT = re.compile(r"The user requested \(constraint\) (\S+?)==")
ERROR = re.compile(r"^\s*(?:ERROR|error): (?!Exception:$)(.+)$", re.MULTILINE)
UNREACHABLE, HASHES = "connection broken by", "DO NOT MATCH THE HASHES"


def pip_command() -> tuple[str, ...]:
    """How pip is run for this Python: its own, the one Python carries along, or the one uv fetches. Raises Reject."""
    if find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    if (carried := _carried()) is not None:  # a wheel runs as it stands, so nothing has to be installed first
        return (sys.executable, str(carried / "pip"))
    if (uv := shutil.which("uv")) is not None:
        return (uv, "tool", "run", "pip", "--python", sys.executable)
    raise Reject(
        f"{sys.executable} has no pip and no ensurepip, and there is no uv: install pip into it"
        " (`uv pip install pip`, or the package python3-venv of your system), then try again",
        status=409,
    )


def _carried() -> Path | None:
    spec = find_spec("ensurepip")
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("_bundled/pip-*.whl"))), None)


def run_pip(verb: str, *words: "str | Path") -> str:
    """What pip prints. Raises Reject with its reason, in one sentence."""
    command = [*pip_command(), verb, *OPTIONS, *map(str, words)]
    clean = {name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")}
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and what an administrator asked for
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            env=clean,
            start_new_session=True,  # Ctrl-C is for us: what pip has begun it finishes, and then it is taken back
        )
    except subprocess.TimeoutExpired:
        raise Reject(f"pip {verb} did not end within {PATIENCE:g} s", status=504) from None
    if done.returncode != 0:
        raise Reject(reason_of(done.stderr + done.stdout) or f"pip {verb} ended with {done.returncode}", status=409)
    return done.stdout


def reason_of(said: str) -> str:
    """Why pip refused, as one line: what contradicts what, or its last error."""
    if HASHES in said:
        return "what was downloaded is not what was offered: its hash is another one"
    if (conflict := CONFLICT.search(said + "\n\n")) is not None:
        lines = [line.strip().rstrip(".") for line in conflict[1].splitlines() if line.strip()]
        return "; ".join(CONSTRAINT.sub(r"installed is \1 ", one) for one in lines)
    if UNREACHABLE in said and "(from versions: none)" in said:
        return "the index of pip cannot be reached: PIP_INDEX_URL, or else pip's configuration, says where it is"
    crash = [said.strip().rpartition("\n")[2]] if "Traceback (most recent call last)" in said else []
    errors = [one.strip() for one in ERROR.findall(said)] or crash
    return next((one for one in errors if "No space left" in one), errors[-1] if errors else "")


def resolve(wanted: str, constraints: Sequence[str]) -> list[dict[str, Any]]:
    """What pip would install for a requirement or wheel beside what is there: an entry of its report for each.

    Only wheels, so that nothing of them is run. Raises Reject.
    """
    with tempfile.TemporaryDirectory(prefix="amber-") as folder:
        fixed, report = Path(folder, "constraints.txt"), Path(folder, "report.json")
        fixed.write_text("\n".join(constraints))
        options = ("--quiet", "--dry-run", "--upgrade", "--only-binary", ":all:", "--constraint", fixed)
        run_pip("install", *options, "--report", report, wanted)
        found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
        return found


def build(project: Path, folder: Path) -> Path:
    """The wheel of a project's folder, made there by its own build script. Raises Reject."""
    run_pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, project)
    return next(folder.glob("*.whl"))


def fetch(pin: str, folder: Path) -> Path:
    """The one wheel that a pinned line names, its hash checked. Raises Reject."""
    with tempfile.TemporaryDirectory(prefix="amber-") as place:
        lines = Path(place, "pins.txt")
        lines.write_text(pin)
        run_pip("download", *PINNED, "--dest", folder, "--requirement", lines)
    return next(folder.glob("*.whl"))


def put(pins: Sequence[str], *, target: Path | None = None) -> None:
    """Install exactly these lines, each hash checked; into a folder of its own where one is given. Raises Reject."""
    with tempfile.TemporaryDirectory(prefix="amber-") as place:
        lines = Path(place, "pins.txt")
        lines.write_text("\n".join(pins))
        where: tuple[str | Path, ...] = ("--target", target) if target is not None else ("--force-reinstall",)
        run_pip("install", *PINNED, *where, "--requirement", lines)


def take_away(distributions: Sequence[str]) -> None:
    """Uninstall. Raises Reject."""
    run_pip("uninstall", "--quiet", "--yes", *distributions)
