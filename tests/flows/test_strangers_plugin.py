"""A stranger's plugin joins an Amber that runs, and leaves it, while events flow; nothing is restarted."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from .running import Running, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured


def install(folder: Path, site: Path) -> None:
    """Write the plugin `customer` and put it where this Amber's Python looks, with plain pip."""
    subprocess.run([sys.executable, "-m", "amber", "new", "customer"], cwd=folder, check=True, capture_output=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", site]
    subprocess.run([*pip, "./amber-customer"], cwd=folder, check=True, env=os.environ | {"PIP_NO_INDEX": "1"})


def send(amber: Running, **data: Any) -> Any:
    """An event of somebody's at example.org, once it is stored."""
    made = error() | {"user": {"email": "ada@example.org"}} | data
    address, headers = f"{amber.url}/api/{amber.project}/envelope/", {"x-sentry-auth": f"Sentry sentry_key={amber.key}"}
    assert httpx.post(address, content=envelope(made), headers=headers).status_code == 200
    return amber.stored(made["event_id"])


def added(amber: Running) -> Any:
    """The tags the plugin adds to an event sent now; None where it adds nothing."""
    additions = send(amber)["data"].get("additions") or {}
    return additions["customer"]["tags"] if "customer" in additions else None


def switch(amber: Running, word: str) -> None:
    done = amber.cli("plugins", word, "customer")
    assert done.returncode == 0, done.stderr


def test_a_plugin_comes_and_goes_while_events_flow(start: Callable[..., Running], tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    amber = start(toml="[plugins]\n", environment={"PYTHONPATH": str(site)})
    processes = amber.children()
    assert added(amber) is None

    install(tmp_path, site)
    states = {row["name"]: row["state"] for row in amber.cli_json("plugins")}
    assert states["customer"] == "disabled"
    assert added(amber) is None

    switch(amber, "enable")
    wait_until(lambda: added(amber) == {"customer": "example.org"})

    switch(amber, "disable")
    wait_until(lambda: added(amber) is None)

    (amber.data / "amber.toml").write_text("[plugins.customer]\nenabled = true\ntag = 'company'\n")
    wait_until(lambda: added(amber) == {"company": "example.org"})
    assert amber.children() == processes
