"""The page about the command line: the help of every command."""

from collections.abc import Iterator, Mapping

import click

from amber.cli import cli, plugin_commands

WIDTH = 100
INTRODUCTION = """# Commands

What `amber` can do, as `--help` says it. With `make run`, the command is `.venv/bin/amber`. A command finds a running
Amber through its data folder: name it with `--data` where it is not `./data`. An error is one sentence and exit code 1.
"""


def page() -> str:
    """The Markdown of the page."""
    return "\n\n".join([INTRODUCTION.rstrip(), *_sections({**cli.commands, **plugin_commands()}, "amber")])


def _sections(commands: Mapping[str, click.Command], above: str) -> Iterator[str]:
    for name, command in sorted(commands.items()):
        if command.hidden:
            continue
        words = f"{above} {name}"
        yield f"## {words}\n\n```text\n{_help(command, words)}\n```"
        if isinstance(command, click.Group):
            yield from _sections(command.commands, words)


def _help(command: click.Command, words: str) -> str:
    context = click.Context(command, info_name=words, terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
