from pathlib import Path

import pytest

from amber.errors import ConfigError
from amber.processes import runtime
from amber.processes.runtime import Runtime

RUNNING = Runtime("http://127.0.0.1:9", "nats://127.0.0.1:8", "token", 7)


def test_what_was_left_is_found_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    assert runtime.read(tmp_path) is None
    assert runtime.read(tmp_path / "nowhere") is None
    for _ in range(2):
        runtime.write(tmp_path, RUNNING)
    assert runtime.read(tmp_path) == RUNNING
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 5}', "\x00"])
def test_a_broken_word_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError, match="remove it and start Amber again"):
        runtime.read(tmp_path)


def test_commands_find_a_running_amber(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runtime.settings(tmp_path, None).bus.url == ""
    runtime.write(tmp_path, RUNNING)
    found = runtime.settings(tmp_path, None)
    assert (found.server.url, found.bus.url, found.bus.token) == ("http://127.0.0.1:9", "nats://127.0.0.1:8", "token")


def test_what_the_file_names_is_not_replaced(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    runtime.write(data, RUNNING)
    (data / "amber.toml").write_text('[server]\npublic_url = "https://a.example"\n[bus]\nurl = "nats://b"\n')
    found = runtime.settings(data, None)
    assert (found.server.url, found.bus.url, found.bus.token) == ("https://a.example", "nats://b", "")
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 5\n")
    assert runtime.settings(data, other).server.port == 5
