"""`amber plugins`: what is installed, and its switches."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from amber.cli.credentials import credentials, run
from amber.cli.installing import COMMANDS
from amber.cli.options import placed
from amber.errors import ConfigError
from amber.model import rights_words
from amber.processes import runtime

FINE = ("running", "disabled")
"""States that are as somebody wants them."""
COLUMNS = {
    "name": "name",
    "state": "state",
    "version": "version",
    "calls": "calls",
    "errors": "errors",
    "waiting": "waiting",
    "dead_letters": "dead",
}
"""What the list shows, under which head; what only a running Amber knows is left out where there is none."""
WORDS = {"True": "yes", "False": "no"}


@click.group("plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--strict", is_flag=True, help="Exit code 1 if a plugin that should run does not.")
@click.pass_context
def plugins(context: click.Context, /, data: Path, config: Path | None, as_json: bool, strict: bool) -> None:
    """List installed plugins, their state and the reason for it; beside a running Amber also what they cost it."""
    if context.invoked_subcommand is not None:
        return
    report = _report(data, config)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print_table(report)
    troubled = [row["name"] for row in report if row["state"] not in FINE and (row["enabled"] or not row["version"])]
    if strict and troubled:
        raise ConfigError(f"these should run and do not: {', '.join(troubled)}")


def _report(data: Path, config: Path | None) -> list[dict[str, Any]]:
    from amber.cli.switching import report_of

    return asyncio.run(report_of(runtime.settings(data, config), data))


def _print_table(report: list[dict[str, Any]]) -> None:
    columns = [key for key in COLUMNS if any(row.get(key) is not None for row in report)]
    widths = [max(len(key), *(len(str(row[key])) for row in report)) for key in columns]
    heads = (COLUMNS[key].ljust(width) for key, width in zip(columns, widths, strict=True))
    click.echo("  ".join(heads).rstrip())
    for row in report:
        cells = (str(row[key]).ljust(width) for key, width in zip(columns, widths, strict=True))
        click.echo("  ".join((*cells, row["reason"] or row["summary"])))


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, data: Path, config: Path | None, as_json: bool) -> None:
    """Show all that is known of a plugin: its state and the reason, where it is from, its rights and what it costs."""
    row = next((one for one in _report(data, config) if one["name"] == name), None)
    if row is None:
        raise ConfigError(f"there is no plugin {name!r}: `amber plugins` lists those there are")
    if as_json:
        click.echo(msgspec.json.encode(row).decode())
        return
    shown = {**row, "rights": "; ".join(rights_words(row["rights"])) or "answers questions, no more"}
    shown["families"] = ", ".join(row["families"])
    for key, value in shown.items():
        if value not in ("", None):
            click.echo(f"{key.replace('_', ' '):15} {WORDS.get(str(value), value)}")


@click.command()
@click.argument("name")
def enable(name: str, data: Path, config: Path | None) -> None:
    """Switch a plugin on in every process of the running Amber, without a restart."""
    _switch(name, True, data, config)


@click.command()
@click.argument("name")
def disable(name: str, data: Path, config: Path | None) -> None:
    """Switch a plugin off in every process of the running Amber, without a restart."""
    _switch(name, False, data, config)


for _command in (show, enable, disable, credentials, run, *COMMANDS):
    plugins.add_command(placed(_command))


def _switch(name: str, enabled: bool, data: Path, config: Path | None) -> None:
    from amber.cli.switching import switched

    state, reason = asyncio.run(switched(name, enabled, data, config))
    if (state == "running") is not enabled:
        raise ConfigError(f"plugin {name} is {state}: {reason}")
    click.echo(f"Plugin {name} is {state}.")
