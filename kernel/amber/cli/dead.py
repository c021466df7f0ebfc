"""`amber dead`: what could not be handled, shown, tried again or dropped."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from amber import frames, runtime
from amber.bus import DEAD, Bus, Message
from amber.cli.options import placed
from amber.errors import ConfigError, Reject

T = TypeVar("T")


@click.group()
def dead() -> None:
    """Dead letters: originals that could not be handled, with the reason."""


@click.command("list")
@click.option("--limit", default=100, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_dead(data: Path, config: Path | None, limit: int, as_json: bool) -> None:
    """List dead letters, oldest first."""
    letters = _with_bus(data, config, lambda bus: bus.browse(DEAD, 0, limit))
    rows = [_row(letter) for letter in letters]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
    else:
        for row in rows:
            click.echo(f"{row['id']}  {row['at']}  {row['stream']}  {row['plugin']}: {row['error']}")
        if not rows:
            click.echo("No dead letters.")


@click.command()
@click.argument("number", type=int)
def show(data: Path, config: Path | None, number: int) -> None:
    """Show one dead letter with what is known of its content."""
    letter = _with_bus(data, config, lambda bus: _find(bus, number))
    for name, value in _row(letter).items():
        click.echo(f"{name:8} {value}")
    for line in _content(letter):
        click.echo(line)


@click.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
def retry(data: Path, config: Path | None, numbers: tuple[int, ...]) -> None:
    """Hand dead letters back to where they came from."""

    async def run(bus: Bus) -> None:
        for number in numbers:
            letter = await _find(bus, number)
            await bus.publish(letter.headers["Amber-Subject"], letter.data)
            await bus.delete(DEAD, number)

    _with_bus(data, config, run)
    click.echo(f"{len(numbers)} handed back.")


@click.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
def drop(data: Path, config: Path | None, numbers: tuple[int, ...]) -> None:
    """Forget dead letters for good."""

    async def run(bus: Bus) -> None:
        for number in numbers:
            await _find(bus, number)
            await bus.delete(DEAD, number)

    _with_bus(data, config, run)
    click.echo(f"{len(numbers)} dropped.")


for _command in (list_dead, show, retry, drop):
    dead.add_command(placed(_command))


def _with_bus(data: Path, config: Path | None, job: Callable[[Bus], Awaitable[T]]) -> T:
    from amber.bus.connect import NatsBus

    settings = runtime.settings(data, config)
    if not settings.bus.url:
        raise ConfigError(f"no Amber has run on {data} yet, and no [bus] url is set")

    async def run() -> T:
        bus = await NatsBus(settings.bus).connect(attempts=10)
        try:
            return await job(bus)
        finally:
            await bus.close()

    return asyncio.run(run())


async def _find(bus: Bus, number: int) -> Message:
    found = await bus.browse(DEAD, number - 1, 1)
    if not found or found[0].seq != number:
        raise Reject(f"there is no dead letter {number}; `amber dead list` shows those there are")
    return found[0]


def _row(letter: Message) -> dict[str, str]:
    return {
        "id": str(letter.seq),
        "at": datetime.fromtimestamp(letter.at, UTC).isoformat(timespec="seconds"),
        "stream": letter.headers.get("Amber-Stream", ""),
        "plugin": letter.headers.get("Amber-Plugin", ""),
        "subject": letter.headers.get("Amber-Subject", ""),
        "error": letter.headers.get("Amber-Error", ""),
    }


def _content(letter: Message) -> list[str]:
    if not letter.data.startswith(frames.MAGIC):
        return [letter.data[:2000].decode("utf-8", "replace")]
    return [
        f"submission {one.id}: project {one.project}, {one.protocol}/{one.route}, {len(one.body)} bytes"
        f"{' ' + one.encoding if one.encoding else ''}, items {one.meta.get('categories', [])}"
        for one in frames.decode(letter.data)
    ]
