"""What every command takes: where the data and the configuration are."""

import os
from pathlib import Path

import click

DATA = click.Option(
    ["--data"],
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: Path(os.environ.get("AMBER_DATA", "data")),
    show_default="AMBER_DATA, or ./data",
    help="Folder that holds everything Amber keeps.",
)
CONFIG = click.Option(
    ["--config"],
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar="AMBER_CONFIG",
    help="Configuration file; amber.toml in the data folder or here if not given.",
)


def placed(command: click.Command) -> click.Command:
    """Give a command `--data` and `--config`."""
    command.params = [*command.params, DATA, CONFIG]
    return command


def said_before(arguments: list[str]) -> tuple[Path, Path | None]:
    """Data folder and configuration file as named on a command line, before it is parsed: which commands there are
    depends on the plugins that the configuration enables.
    """
    found: dict[str, str] = {}
    for position, word in enumerate(arguments):
        name, is_joined, value = word.partition("=")
        if name in {"--data", "--config"}:
            found[name] = value if is_joined else next(iter(arguments[position + 1 :]), "")
    data = found.get("--data") or os.environ.get("AMBER_DATA") or "data"
    file = found.get("--config") or os.environ.get("AMBER_CONFIG")
    return Path(data), Path(file) if file else None
