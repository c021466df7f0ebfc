"""`amber plugins` and `amber config check`."""

import asyncio
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from amber import config as configuration
from amber import runtime
from amber.config import Settings
from amber.errors import Unavailable
from amber.status import PERIOD, Board, Status, merge_reports


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_plugins(data: Path, config: Path | None, as_json: bool) -> None:
    """List installed plugins, their state and the reason for it; beside a running Amber also what they cost it."""
    report = asyncio.run(_report(runtime.settings(data, config), data))
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    columns = ("name", "state", "version", "calls", "errors")
    widths = [max(len(key), *(len(str(row[key])) for row in report)) for key in columns]
    click.echo("  ".join(key.ljust(width) for key, width in zip(columns, widths, strict=True)))
    for row in report:
        cells = (str(row[key]).ljust(width) for key, width in zip(columns, widths, strict=True))
        click.echo("  ".join((*cells, row["reason"] or row["summary"])))


async def _report(settings: Settings, data: Path) -> list[dict[str, Any]]:
    """What the configuration makes of each plugin, and what running processes say of it."""
    from amber.kernel import Kernel

    kernel = Kernel(settings, data)
    await kernel.start(is_storing=False)
    report = merge_reports(kernel.report(), await _running(settings))
    await kernel.stop()
    return report


async def _running(settings: Settings) -> list[Status]:
    """The processes that speak up within a period; none where no Amber runs."""
    from amber.bus.connect import NatsBus

    if not settings.bus.url:
        return []
    try:
        bus = await NatsBus(settings.bus).connect(attempts=1)
    except Unavailable:
        return []
    board = Board()
    await board.start(bus)
    await asyncio.sleep(1.5 * PERIOD)
    await bus.close()
    return board.alive()


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
    from amber.registry import Registry, State

    registry = Registry(settings, os.environ)
    registry.load()
    bad = (State.FAILED, State.INCOMPATIBLE)
    return [f"[plugins.{one.name}] {one.reason}" for one in registry.plugins.values() if one.state in bad]
