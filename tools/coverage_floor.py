"""Holds each part of Amber to its floor: the share of branches that tests took, from the data pytest-cov left."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
KERNEL, PLUGIN = 95.0, 85.0


class Part(Struct, frozen=True):
    """A part of the tree: how many branches it has and how many were taken."""

    name: str
    branches: int = 0
    taken: int = 0

    @property
    def floor(self) -> float:
        """The least share, in percent, that must be taken."""
        return KERNEL if self.name == "kernel" else PLUGIN

    @property
    def share(self) -> float:
        """The share that was taken, in percent."""
        return 100 * self.taken / self.branches if self.branches else 100.0


def part_of(path: str) -> str:
    """`kernel`, or the folder of the plugin (or the sibling package) a file belongs to."""
    parts = PurePath(path).parts
    return "kernel" if parts[0] == "kernel" else "/".join(parts[1:4]).removesuffix(".py")


def parts(files: Mapping[str, Any]) -> list[Part]:
    """The parts of a coverage report's files, by name."""
    found: dict[str, Part] = {}
    for path, file in files.items():
        name, summary = part_of(path), file["summary"]
        old = found.get(name, Part(name))
        found[name] = Part(name, old.branches + summary["num_branches"], old.taken + summary["covered_branches"])
    return sorted(found.values(), key=lambda part: part.name)


def main() -> None:
    """Print every part's share; exit code 1 if one is below its floor."""
    command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", "-"]
    report = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - our own words
    low = []
    for part in parts(json.loads(report)["files"]):
        low += [part.name] if part.share < part.floor else []
        if part.branches:
            print(f"{part.name:40} {part.share:6.1f} % of {part.branches:5} branches, floor {part.floor:.0f} %")
    if low:
        sys.exit(f"below the floor: {', '.join(low)}")


if __name__ == "__main__":
    main()
