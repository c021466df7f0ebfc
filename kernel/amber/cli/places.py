"""`amber plugins` and `amber config check`."""

from pathlib import Path

import click
import msgspec

from amber import config as configuration
from amber import runtime


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_plugins(data: Path, config: Path | None, as_json: bool) -> None:
    """List installed plugins, their state and the reason for it."""
    import asyncio

    from amber.kernel import Kernel

    kernel = Kernel(runtime.settings(data, config), data)
    asyncio.run(kernel.start(is_storing=False))
    report = kernel.report()
    asyncio.run(kernel.stop())
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    widths = [max(len(str(row[key])) for row in report) for key in ("name", "state", "version")]
    for row in report:
        cells = (str(row[key]).ljust(width) for key, width in zip(("name", "state", "version"), widths, strict=True))
        click.echo("  ".join((*cells, row["reason"] or row["summary"])))


@click.command("check")
def check_config(data: Path, config: Path | None) -> None:
    """Print every problem of the configuration with its file and line; exit code 1 if there is one."""
    file = config or runtime.default_file(data)
    settings, problems = configuration.check(file)
    lines = [str(problem) for problem in problems] or _plugin_problems(settings)
    for line in lines:
        click.echo(line)
    if lines:
        raise SystemExit(1)
    click.echo(f"{file if file.is_file() else 'No file, so the defaults'}: no problem found.")


def _plugin_problems(settings: configuration.Settings) -> list[str]:
    import os

    from amber.registry import Registry, State

    registry = Registry(settings, os.environ)
    registry.load()
    bad = (State.FAILED, State.INCOMPATIBLE)
    return [f"[plugins.{one.name}] {one.reason}" for one in registry.plugins.values() if one.state in bad]
