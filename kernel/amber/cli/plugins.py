"""`amber plugins`: what is installed, and its switches."""

import asyncio
from pathlib import Path

import click
import msgspec

from amber import runtime
from amber.cli.options import placed
from amber.errors import ConfigError


@click.group("plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def plugins(context: click.Context, /, data: Path, config: Path | None, as_json: bool) -> None:
    """List installed plugins, their state and the reason for it; beside a running Amber also what they cost it."""
    if context.invoked_subcommand is not None:
        return
    from amber.cli.switching import report_of

    report = asyncio.run(report_of(runtime.settings(data, config), data))
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    columns = ("name", "state", "version", "calls", "errors")
    widths = [max(len(key), *(len(str(row[key])) for row in report)) for key in columns]
    click.echo("  ".join(key.ljust(width) for key, width in zip(columns, widths, strict=True)))
    for row in report:
        cells = (str(row[key]).ljust(width) for key, width in zip(columns, widths, strict=True))
        click.echo("  ".join((*cells, row["reason"] or row["summary"])))


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


plugins.add_command(placed(enable))
plugins.add_command(placed(disable))


def _switch(name: str, enabled: bool, data: Path, config: Path | None) -> None:
    from amber.cli.switching import switched

    state, reason = asyncio.run(switched(name, enabled, data, config))
    if (state == "running") is not enabled:
        raise ConfigError(f"plugin {name} is {state}: {reason}")
    click.echo(f"Plugin {name} is {state}.")
