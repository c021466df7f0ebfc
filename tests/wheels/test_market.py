"""The index of everything here, as `make market` builds it."""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from amber_market.index.envelope import verified
from amber_market.index.keys import read_public
from amber_market.index.shape import decode_index

from .building import DISTRIBUTIONS, run


@pytest.mark.measured
def test_every_plugin_of_the_repository_is_in_its_index(wheels: Mapping[str, Path], tmp_path: Path) -> None:
    def say(*words: "str | Path") -> str:
        return run(sys.executable, "-m", "amber", "market", *words, "--data", tmp_path / "data", cwd=tmp_path)

    plugins = {name: wheel for name, wheel in wheels.items() if name != "amber"}
    key = say("keygen", "key.pem").strip()
    say("build", "out", *plugins.values(), "--name", "amber")
    say("sign", "out/index.unsigned.json", "--key", "key.pem", "--output", "out/index.json")
    assert f"What it names is beside it: {len(plugins)} files." in say("verify", "out/index.json", "--key", key)

    index = decode_index(verified((tmp_path / "out/index.json").read_bytes(), read_public(key)))
    projects = [tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder, _ in DISTRIBUTIONS.values()]
    named = {name for one in projects for name in one["project"].get("entry-points", {}).get("amber.plugins", {})}
    assert {entry.name for entry in index.entries} == named
    assert all(entry.title and entry.summary and entry.families for entry in index.entries)
