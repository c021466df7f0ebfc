"""Who may log in to the bus follows what is installed and configured, without anybody being told to look."""

import asyncio
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from amber import registry
from amber.config import BusConfig, Settings
from amber.errors import ConfigError
from amber.processes.natsserver import USERS, write_config
from amber.running import door
from amber.running.door import Door

BUS = BusConfig(user="amber", token="t0ken")


class House:
    """What is installed, and what amber.toml says of it."""

    def __init__(self, data: Path) -> None:
        self.data, self.entries = data, list[EntryPoint]()
        self.changes = asyncio.Event()
        self.broken = ""
        write_config(data, BUS)
        self.door = Door(data, BUS, self.settings, self.changes.set)

    def settings(self) -> Settings:
        if self.broken:
            raise ConfigError(self.broken)
        return Settings()

    @property
    def users(self) -> str:
        return (self.data / "nats" / USERS).read_text()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path / "data")
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: tuple(made.entries))
    monkeypatch.setattr(door, "PERIOD", 0.01)
    return made


def test_plugins_of_strangers_have_a_login_each_and_nothing_new_is_not_written(
    site: House, install: Callable[..., EntryPoint]
) -> None:
    assert site.door.settle()
    assert "plugin-" not in site.users
    site.entries.append(install("guest"))
    assert site.door.settle()
    assert '"plugin-guest"' in site.users
    assert '"amber"' in site.users
    assert not site.door.settle()


@pytest.mark.anyio
async def test_what_is_installed_or_configured_is_seen_and_a_mistake_changes_nothing(
    site: House, install: Callable[..., EntryPoint], caplog: pytest.LogCaptureFixture
) -> None:
    site.door.settle()
    looking = asyncio.create_task(site.door.run())
    await asyncio.sleep(0)  # it has had its first look
    site.broken = "amber.toml:3: unknown key"
    (site.data / "amber.toml").write_text("colour = 1")
    while "who may log in to the bus stays as it was: amber.toml:3: unknown key" not in caplog.text:
        await asyncio.sleep(0.01)
    assert not site.changes.is_set()
    site.broken = ""
    site.entries.append(install("guest"))
    await asyncio.wait_for(site.changes.wait(), 20)
    assert '"plugin-guest"' in site.users
    looking.cancel()
