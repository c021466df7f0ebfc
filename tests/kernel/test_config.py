import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from amber import Secret, config
from amber.config import BusConfig, Server, Settings
from amber.errors import ConfigError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.datetimes() | st.times()
NAMES = st.sampled_from([field.name for field in msgspec.structs.fields(Settings)]) | st.text(max_size=6)
KEYS = st.sampled_from(["host", "port", "url", "partitions", "batch", "enabled", "trusted_proxies"]) | st.text(
    max_size=6
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
TABLES = st.dictionaries(NAMES, VALUES | st.dictionaries(KEYS, VALUES, max_size=4), max_size=5)
VARIABLES = [
    f"AMBER_{section.name}_{field.name}".upper()
    for section in msgspec.structs.fields(Settings)
    if isinstance(section.type, type) and issubclass(section.type, Struct)
    for field in msgspec.structs.fields(section.type)
]


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    needed: int
    spare: str = ""


class Schema(Struct, frozen=True, forbid_unknown_fields=True):
    token: Secret
    inner: Inner | None = None
    nested: Inner = Inner(1)
    names: tuple[str, ...] = ()
    size: int = 5


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "amber.toml"
    file.write_text(text)
    return file


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    file = written(tmp_path, text)
    return [str(problem).removeprefix(str(file)) for problem in config.check(file, environment)[1]]


def test_without_a_file_everything_is_its_default(tmp_path: Path) -> None:
    assert config.load(tmp_path / "none.toml", {}) == Settings()


def test_a_file_is_read_and_the_environment_laid_over_it(tmp_path: Path) -> None:
    file = written(
        tmp_path, '[server]\nport = 9000\nhost = "::1"\n[plugins.x]\nany = { deep = 1 }\n[order]\nscrub_events = ["a"]'
    )
    found = config.load(
        file, {"AMBER_SERVER_PORT": "9001", "AMBER_BUS_URL": "nats://b", "AMBER_INGEST_PUBLISH_TIMEOUT": "2.5"}
    )
    assert found.server == Server("::1", 9001)
    assert found.bus == BusConfig("nats://b")
    assert found.ingest.publish_timeout == 2.5
    assert found.plugins == {"x": {"any": {"deep": 1}}}
    assert found.order == {"scrub_events": ("a",)}


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = 'sever = 1\n[server]\nprot = 1\nport = 99999\n\n[bus]\ndurability = "some"\n[worker]\nbatch = "x"\n'
    found = problems(tmp_path, text)
    assert sorted(found) == [
        ":1: unknown key 'sever'; did you mean 'server'?",
        ":3: unknown key 'prot'; did you mean 'port'?",
        ":4: Expected `int` <= 65535",
        ":7: Invalid enum value 'some'",
        ":9: Expected `int`, got `str`",
    ]
    with pytest.raises(ConfigError, match="unknown key 'sever'"):
        config.load(written(tmp_path, text), {})


def test_a_table_is_found_by_its_header(tmp_path: Path) -> None:
    assert problems(tmp_path, "server = 5") == [":1: must be a table"]
    assert problems(tmp_path, "[serve]\n") == [":1: unknown key 'serve'; did you mean 'server'?"]
    assert problems(tmp_path, "[server]\n[server.x]\n") == [":2: unknown key 'x'"]
    assert problems(tmp_path, "server.zzzzz = 1") == [": unknown key 'zzzzz'"]


def test_a_variable_holds_a_list_separated_by_commas(tmp_path: Path) -> None:
    found = config.load(
        tmp_path / "none.toml",
        {
            "AMBER_OUTBOUND_ALLOWED_NETWORKS": "10.0.0.0/8, 127.0.0.1",
            "AMBER_SECRETS_KEYS": "new,old",
            "AMBER_SERVER_TRUSTED_PROXIES": "",
        },
    )
    assert found.outbound.allowed_networks == ("10.0.0.0/8", "127.0.0.1")
    assert found.secrets.keys == ("new", "old")
    assert repr(found.secrets) == "SecretsConfig(keys=(***, ***))"
    assert found.server.trusted_proxies == ()


def test_what_is_wrong_in_the_environment_is_told_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBER_SERVER_PORT", "many")
    [problem] = config.check(tmp_path / "none.toml")[1]
    assert problem.place == "AMBER_SERVER_PORT"


def test_a_variable_does_not_hide_that_its_section_is_no_table(tmp_path: Path) -> None:
    for value in ("5", "[1]", '"x"'):
        assert problems(tmp_path, f"server = {value}", AMBER_SERVER_HOST="h") == [":1: must be a table"]


@pytest.mark.parametrize("data", [b"server = ", b"\xff\xfe", b"[server]\n[server]\n", b"a = 1\x00"])
def test_what_is_not_toml_is_one_problem(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "amber.toml"
    file.write_bytes(data)
    settings, [problem] = config.check(file, {})
    assert settings == Settings()
    assert problem.message.startswith("not TOML: ")


@given(TABLES, st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=6)))
def test_any_tables_are_settings_or_problems(raw: dict[str, Any], environment: dict[str, str]) -> None:
    found: list[Any] = []
    config._overlay(raw, environment)
    settings = config._read(raw, Settings, (), lambda where, message: found.append(where))
    assert isinstance(settings, Settings)
    plain = msgspec.to_builtins(settings, builtin_types=(dt.datetime, dt.date, dt.time), enc_hook=str)
    assert found or msgspec.convert(plain, Settings, dec_hook=config._secret) == settings


@given(
    st.dictionaries(KEYS | st.sampled_from(["token", "inner", "nested", "names", "size", "needed"]), VALUES, max_size=5)
)
def test_any_plugin_table_is_its_config_or_a_config_error(raw: dict[str, Any]) -> None:
    try:
        found = config.plugin_config(raw, Schema, "p", {})
    except ConfigError:
        return
    assert isinstance(found, Schema)


def test_a_plugin_is_told_what_is_wrong_with_its_table() -> None:
    with pytest.raises(ConfigError) as raised:
        config.plugin_config({"nested": {"spare": 1}, "sizes": 1, "size": "x"}, Schema, "p", {})
    for part in (
        "[plugins.p] ",
        "token: is missing",
        "nested.needed: is missing",
        "did you mean 'size'",
        "size: Expected",
    ):
        assert part in str(raised.value)
    with pytest.raises(ConfigError, match="nested: must be a table"):
        config.plugin_config({"token": "t", "nested": 5}, Schema, "p", {})


def test_a_value_may_come_from_the_environment() -> None:
    found = config.plugin_config(
        {"enabled": True, "token": {"env": "T"}, "size": {"env": "S"}}, Schema, "p", {"T": "x", "S": "7"}
    )
    assert (found.token, found.size) == ("x", 7)
    with pytest.raises(ConfigError, match="no variable MISSING"):
        config.plugin_config({"token": {"env": "MISSING"}}, Schema, "p", {})


def test_a_secret_is_never_shown() -> None:
    found = config.plugin_config({"token": "hush"}, Schema, "p", {})
    assert isinstance(found.token, Secret)
    assert "hush" not in repr(found)
    with pytest.raises(ConfigError, match="token"):
        config.plugin_config({"token": 5}, Schema, "p", {})


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (Server(), "http://127.0.0.1:8000"),
        (Server("0.0.0.0", 80), "http://127.0.0.1:80"),
        (Server("example.org", 80), "http://example.org:80"),
        (Server(public_url="https://amber.example.org/"), "https://amber.example.org"),
    ],
)
def test_the_address_to_show(server: Server, url: str) -> None:
    assert server.url == url
