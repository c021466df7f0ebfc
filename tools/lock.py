"""Writes requirements.lock: every package the workspace needs, pinned with hashes, for all platforms and Pythons.

Pins that still fit are kept; pass `--upgrade` (or `--upgrade-package NAME`) to move them.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> None:
    """Install uv beside the other tools, then let it resolve the workspace."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    found = sorted(ROOT.glob("plugins/*/pyproject.toml"))
    projects = [Path("pyproject.toml"), *(path.relative_to(ROOT) for path in found)]
    own = [f"--no-emit-package={name_of(ROOT / project)}" for project in projects]
    resolve = ["compile", "--universal", "--generate-hashes", "--python-version=3.11", "--all-extras", "--group=dev"]
    quiet = ["--quiet", "--no-header", "--no-annotate", "--output-file=requirements.lock"]
    command = [sys.executable, "-m", "uv", "pip", *resolve, *quiet, *own, *arguments, *map(str, projects)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - the arguments are the caller's own


def name_of(project: Path) -> str:
    """The name of the distribution a pyproject.toml describes."""
    name: str = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"]
    return name


if __name__ == "__main__":
    main(sys.argv[1:])
