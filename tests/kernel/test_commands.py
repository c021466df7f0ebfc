"""The `amber` command itself."""

import click
import pytest
from click.testing import CliRunner

from amber import cli


def test_the_list_of_commands_loads_plugins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def commands() -> dict[str, click.Command]:
        asked.append(1)
        return {name: click.Command(name, help=f"Does {name}.") for name in ("weigh", "count")}

    monkeypatch.setattr(cli, "plugin_commands", commands)
    shown = CliRunner().invoke(cli.cli, ["--help"]).output
    assert ("Does weigh." in shown, "Does count." in shown, len(asked)) == (True, True, 1)


def test_a_command_of_the_kernel_loads_no_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "plugin_commands", lambda: pytest.fail("plugins were loaded"))
    assert CliRunner().invoke(cli.cli, ["new", "--help"]).exit_code == 0
