"""`amber config check`."""

import os
from pathlib import Path

import click

from amber import config as configuration
from amber.processes import runtime


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
