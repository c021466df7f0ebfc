"""The `amber` command: the kernel's own commands, and those of plugins, found only when they are needed."""

import asyncio
import copy
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from amber.cli.dead import dead
from amber.cli.options import placed, said_before
from amber.cli.places import check_config
from amber.cli.plugins import plugins
from amber.cli.processes import serve, up, work
from amber.cli.replay import replay_past
from amber.cli.secrets import secrets
from amber.cli.trace import trace
from amber.errors import AmberError
from amber.testing.new import new
from amber.version import version


class Commands(click.Group):
    """A group that also knows the commands of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kernel's commands and the plugins', by name."""
        return sorted({*super().list_commands(ctx), *found(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name; plugins are loaded only if the kernel has none of that name."""
        return super().get_command(ctx, cmd_name) or found(ctx).get(cmd_name)


def found(ctx: click.Context) -> dict[str, click.Command]:
    """The commands of plugins, which are loaded once for one command line, however often it is asked about them."""
    commands: dict[str, click.Command] = ctx.meta.setdefault("amber.commands", {})
    if not commands:
        commands.update(plugin_commands())
    return commands


def plugin_commands() -> dict[str, click.Command]:
    """The commands of every running plugin, each ready to be given its plugin's context."""
    from amber.cli.switching import heed_switches
    from amber.kernel import Kernel
    from amber.processes.runtime import settings

    data, file = said_before(sys.argv[1:])
    kernel = Kernel(settings(data, file), data)

    async def ask() -> dict[str, click.Command]:
        await heed_switches(kernel)
        await kernel.start(is_storing=False)
        answers = await kernel.dispatcher.collect("cli_commands", list)
        await kernel.stop()
        switches = kernel.registry.switches
        return {one.name: equip(one, answer.plugin, switches) for answer in answers for one in answer.value}

    return asyncio.run(ask())


def equip(command: click.Command, plugin: str, switches: Mapping[str, bool]) -> click.Command:
    """Give a plugin's command, and each one below it, `--data`, `--config` and the plugin's context as `obj`.

    `switches` are what people switched in the Amber that runs.
    """
    command = copy.copy(command)  # the plugin's own object stays as it is, however often the command line is asked
    if isinstance(command, click.Group):
        command.commands = {name: equip(below, plugin, switches) for name, below in command.commands.items()}
        return command
    command.callback = _with_context(command.callback or (lambda: None), plugin, switches)
    return placed(command)


def _with_context(callback: Callable[..., Any], plugin: str, switches: Mapping[str, bool]) -> Callable[..., Any]:
    def run(*positional: Any, data: Path, config: Path | None, **given: Any) -> Any:
        from amber.cli.installing import Errands
        from amber.kernel import Kernel
        from amber.processes.runtime import settings

        kernel = Kernel(settings(data, config), data)
        kernel.registry.heed(switches)
        kernel.services.kernel["installer"] = Errands(data, config)
        asyncio.run(kernel.start())
        try:
            click.get_current_context().obj = kernel.dispatcher.contexts[plugin]
            return callback(*positional, **given)
        finally:
            asyncio.run(kernel.stop())

    return run


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version=version(), prog_name="amber")
def cli() -> None:
    """Amber: an error tracker that explains itself."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


@click.group()
def config() -> None:
    """Look at the configuration."""


config.add_command(placed(check_config))
for _command in (up, serve, work, plugins, trace, replay_past):
    cli.add_command(placed(_command))
for _group in (config, dead, new, secrets):
    cli.add_command(_group)


def main() -> None:
    """Run the command line; an error Amber raised on purpose is one clear sentence and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("amber: stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except AmberError as error:
        click.echo(f"amber: {error}", err=True)
        sys.exit(1)
