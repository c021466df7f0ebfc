"""The README's plugin, pasted into a shell and run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = """
from types import SimpleNamespace
import amber_weekday
print(amber_weekday.enrich_events(events=[SimpleNamespace(timestamp=0.0)])[0].tags)
"""


@pytest.fixture
def pasted(tmp_path: Path, blocks: Any) -> dict[str, str]:
    """The environment in which Python sees the plugin that the README's commands installed."""
    commands = next(block for block in blocks("README.md", "sh") if "plugin.toml" in block)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    site = tmp_path / "site"
    # The same commands, but what they install stays in this test's folder, and nothing is fetched.
    pip = {"PIP_TARGET": str(site), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
    subprocess.run(["sh", "-eu", "-c", commands], cwd=tmp_path, env=os.environ | pip, check=True, capture_output=True)
    return os.environ | {"PYTHONPATH": str(site), "AMBER_DATA": str(tmp_path / "data")}


def test_the_pasted_plugin_would_run_in_a_process_of_its_own(pasted: dict[str, str]) -> None:
    listing = [sys.executable, "-m", "amber", "plugins", "--json"]
    answer = subprocess.run(listing, env=pasted, check=True, capture_output=True, text=True)
    states = {plugin["name"]: (plugin["state"], plugin["reason"]) for plugin in json.loads(answer.stdout)}
    assert states["weekday"] == ("starting", "it has not said hello yet")


def test_the_pasted_plugin_tags_events(pasted: dict[str, str]) -> None:
    answer = subprocess.run([sys.executable, "-c", PROBE], env=pasted, check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "{'weekday': 'Thursday'}"
