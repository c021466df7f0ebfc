"""What `amber plugins` prints of what is installed, and how a plugin elsewhere is told to log in."""

import json
import socket
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from amber.cli.moments import Moment, Rate
from amber.cli.plugins import plugins
from amber.errors import ConfigError, Reject

BUS = '[bus]\nurl = "nats://127.0.0.1:4222"\nuser = "amber"\ntoken = "t0ken"\n'


@pytest.fixture
def said(tmp_path: Path) -> Any:
    """Runs a command beside no Amber, with this amber.toml: what it prints. Raises what it failed with."""

    def said(*words: str, toml: str = "") -> str:
        (tmp_path / "amber.toml").write_text(toml)
        done = CliRunner().invoke(plugins, [*words, "--data", str(tmp_path)], catch_exceptions=False)
        return done.output

    return said


def test_the_list_has_a_line_for_each_with_its_state(said: Any) -> None:
    head, *lines = said().splitlines()
    assert head.split()[:2] == ["name", "state"]
    states = {line.split()[0]: line.split()[1] for line in lines}
    assert states["sql"] == "running"
    rows = json.loads(said("--json"))
    assert {row["name"] for row in rows} == set(states)


def test_beside_an_amber_that_has_ended_nothing_is_said_of_its_bus(said: Any, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and never listened on
        toml = f'[bus]\nurl = "nats://127.0.0.1:{nobody.getsockname()[1]}"\n'
        assert said(toml=toml) == said()
    assert caplog.messages == []


def test_strict_fails_where_something_that_should_run_does_not(said: Any) -> None:
    with pytest.raises(ConfigError, match="these should run and do not: slakc"):
        said("--strict", toml="[plugins.slakc]\nenabled = true\n")
    assert said("--strict")


def test_one_is_shown_with_its_rights(said: Any) -> None:
    lines = {line[:15].strip(): line[16:] for line in said("show", "retention").splitlines()}
    assert lines["name"] == "retention"
    assert lines["rights"] != "answers questions, no more"
    assert "answers questions, no more" in said("show", "release")
    assert json.loads(said("show", "retention", "--json"))["name"] == "retention"
    with pytest.raises(ConfigError, match="there is no plugin 'slakc'"):
        said("show", "slakc")


def test_a_plugin_elsewhere_is_told_how_to_log_in(said: Any) -> None:
    told = json.loads(said("credentials", "release", "--json", toml=BUS))
    assert told["user"].endswith("release")
    assert told["password"] not in ("", "t0ken")
    lines = said("credentials", "release", toml=BUS)
    assert all(str(value) in lines for value in told.values())


def test_a_server_of_ones_own_is_told_of_amber_and_of_every_plugin_that_runs_outside_of_it(said: Any) -> None:
    toml = BUS + "[plugins.release]\nisolation = 'remote'\n"
    with pytest.raises(ConfigError, match=r"set \[bus\] user and token"):
        said("credentials", "--nats", toml=toml.replace('user = "amber"\n', ""))
    told = said("credentials", "--nats", toml=toml)
    users = [line.split('"')[1] for line in told.splitlines() if "user:" in line]
    assert users == ["amber", "plugin-release"]
    assert "name a plugin, or give --nats" in said("credentials", toml=toml)


@pytest.mark.parametrize("text", ['{"url": 5}', "[" * 100_000])
def test_a_plugin_elsewhere_does_not_start_with_what_are_no_credentials(said: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / "bus.json"
    file.write_text(text)
    with pytest.raises(Reject, match=r"bus\.json: what `amber plugins credentials release --json` prints"):
        said("run", "release", "--credentials", str(file))


def test_nobody_is_told_how_to_log_in_where_there_is_no_bus_or_no_plugin(said: Any) -> None:
    with pytest.raises(ConfigError, match="the bus has no password yet"):
        said("credentials", "release")
    with pytest.raises(ConfigError, match="there is no plugin 'slakc': install"):
        said("credentials", "slakc", toml=BUS)


@pytest.mark.parametrize(("text", "seconds"), [("2026-01-31", 1769817600.0), ("2026-01-31T12:00+02:00", 1769853600.0)])
def test_a_date_is_a_moment(text: str, seconds: float) -> None:
    assert Moment().convert(text, None, None) == seconds
    assert Moment().convert(seconds, None, None) == seconds


@pytest.mark.parametrize(("text", "rate"), [("100", 100.0), ("30/m", 0.5), ("7200/h", 2.0)])
def test_a_rate_is_so_many_a_second(text: str, rate: float) -> None:
    assert Rate().convert(text, None, None) == rate
    assert Rate().convert(rate, None, None) == rate


@pytest.mark.parametrize(("kind", "text"), [(Moment(), "soon"), (Rate(), "often"), (Rate(), "0/s")])
def test_what_is_neither_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)
