"""What the house's rules look at: the files git knows or would add, and the syntax trees of the Python ones."""

import ast
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, check=True, capture_output=True).stdout.decode().split("\0")
    return sorted({path for name in names if name and (path := root / name).is_file()})


@pytest.fixture(scope="session")
def trees(tracked: list[Path]) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_bytes(), str(path)) for path in tracked if path.suffix == ".py"}


@pytest.fixture(scope="session")
def manifests(root: Path) -> list[Path]:
    """Every first-party plugin.toml."""
    return sorted(root.glob("plugins/*/amber_*/**/plugin.toml"))


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    """The root pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def distributions(root: Path) -> dict[str, dict[str, Any]]:
    """The `[project]` table of each plugin distribution, by the name of its folder."""
    paths = sorted(root.glob("plugins/*/pyproject.toml"))
    return {path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in paths}
