import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from amber.cli.secrets import secrets
from amber.errors import ConfigError, Reject
from amber.tables.vault import Vault, is_sealed, new_key, open_vault

OLD, NEW = new_key(), new_key()


def test_what_was_sealed_can_be_opened_and_read_by_nobody_else() -> None:
    sealed = Vault([NEW]).seal("s3cret é")
    assert "s3cret" not in str(sealed)
    assert is_sealed(sealed)
    assert Vault([NEW]).open(sealed) == "s3cret é"
    with pytest.raises(Reject, match=r"sealed with a key that is neither in \[secrets\] keys nor in the data folder"):
        Vault([OLD]).open(sealed)


def test_an_older_key_opens_and_the_newest_seals() -> None:
    old, both = Vault([OLD]).seal("x"), Vault([NEW, OLD])
    assert both.open(old) == "x"
    assert both.needs_rotation(old)
    fresh = both.seal("x")
    assert not both.needs_rotation(fresh)
    assert Vault([NEW]).open(fresh) == "x"


@pytest.mark.parametrize("token", ["", "é", "gAAAAA", 5, None])
def test_what_was_never_sealed_opens_for_nobody(token: object) -> None:
    with pytest.raises(Reject, match="a secret cannot be opened"):
        Vault([NEW]).open({"sealed": token})
    assert Vault([NEW]).needs_rotation({"sealed": token})


@pytest.mark.parametrize("value", ["text", {}, {"sealed": "x", "more": 1}, None, ["sealed"]])
def test_other_settings_are_not_sealed(value: object) -> None:
    assert not is_sealed(value)


@pytest.mark.parametrize("keys", [["short"], [NEW, "ä" * 43], []])
def test_a_key_that_is_none_is_told(keys: list[str]) -> None:
    with pytest.raises(ConfigError, match="amber secrets new-key"):
        Vault(keys)


def test_a_key_is_made_once_and_its_owner_alone_may_read_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    sealed = open_vault((), data).seal("x")
    assert open_vault((), data).open(sealed) == "x"
    assert stat.S_IMODE((data / "secrets.key").stat().st_mode) == 0o600
    assert [file.name for file in data.iterdir()] == ["secrets.key"]


def test_the_command_prints_a_key_that_can_be_used() -> None:
    printed = CliRunner().invoke(secrets, ["new-key"]).output.strip()
    assert Vault([printed]).open(Vault([printed]).seal("x")) == "x"


def test_keys_of_the_configuration_come_before_the_folders(tmp_path: Path) -> None:
    assert open_vault((NEW, OLD), tmp_path).open(Vault([OLD]).seal("x")) == "x"
    assert list(tmp_path.iterdir()) == []


def test_of_many_processes_that_need_a_key_at_once_one_makes_it(tmp_path: Path) -> None:
    start, sealed = threading.Barrier(8), []

    def race() -> None:
        start.wait()
        sealed.append(open_vault((), tmp_path).seal("x"))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = open_vault((), tmp_path)
    assert [last.open(one) for one in sealed] == ["x"] * 8
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.key"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"secrets\.key cannot be written: Not a directory"):
        open_vault((), tmp_path / "file" / "data")


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets.key").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"secrets\.key cannot be read"):
        open_vault((), tmp_path)
