"""requirements.lock pins, by hash and without an address, everything the workspace asks for."""

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(?:\[[a-z,-]+\])?==(?P<version>[^\s;]+)(?P<rest>[^\n]*(?:\n    [^\n]*)*)", re.M)


@pytest.fixture(scope="module")
def lock(root: Path) -> str:
    return (root / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def asked(project: dict[str, Any], distributions: dict[str, dict[str, Any]]) -> list[Requirement]:
    """Every requirement of every pyproject.toml, but not the workspace's own distributions."""
    tables = [project["project"], *distributions.values()]
    lines = [line for table in tables for line in table.get("dependencies", [])] + project["dependency-groups"]["dev"]
    own = {table["name"] for table in tables}
    return [given for line in lines if (given := Requirement(line)).name not in own]


def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    assert PIN.sub("", lock).strip() == ""
    assert all("--hash=sha256:" in found["rest"] for found in PIN.finditer(lock))


def test_no_address_stands_in_it(lock: str) -> None:
    assert re.findall(r"://|\s@\s|--index|--find-links|(?:^|\s)\.{0,2}/\S+", lock) == []


def test_every_requirement_is_met_by_a_pin(lock: str, asked: list[Requirement]) -> None:
    pins = {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(lock)}
    unmet = [str(need) for need in asked if not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"))]
    assert unmet == [], "run `make lock`"
