"""The distributions of this workspace, and how their wheels are made."""

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = {
    "amber": (ROOT, ROOT / "kernel"),
    "amber-deployment": (ROOT / "contrib" / "deployment",) * 2,
    **{f"amber-{path.parent.name}": (path.parent,) * 2 for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))},
}
"""Each distribution's folder, and the folder its packages are in."""


def run(*command: "str | Path", cwd: Path) -> str:
    """What a command prints; its exit code must be 0. Nobody's own Amber gets into it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AMBER_", "PYTHONPATH"))}
    answer = subprocess.run([str(word) for word in command], cwd=cwd, env=clean, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def build(folder: Path, *projects: Path) -> None:
    """Put the wheels of these projects into the folder, as `pip wheel` makes them."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, *projects, cwd=folder)


def wheel_of(folder: Path, distribution: str) -> Path:
    """The wheel of a distribution among those in a folder."""
    [wheel] = folder.glob(f"{distribution.replace('-', '_')}-[0-9]*.whl")
    return wheel


class Environment(Struct, frozen=True):
    """A virtual environment and a folder to work in."""

    prefix: Path
    folder: Path

    def run(self, program: str, *words: "str | Path") -> str:
        """What one of its programs prints."""
        return run(self.prefix / "bin" / program, *words, cwd=self.folder)
