"""`amber dead`: what could not be handled, shown, tried again or dropped; and consumers that stand still for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from amber.cli.options import placed
from amber.errors import ConfigError, Reject
from amber.model import AuditEntry, Letter, LetterFilter
from amber.processes import runtime

if TYPE_CHECKING:
    from amber.desks.deadletters import LetterDesk
    from amber.desks.originals import Content
    from amber.desks.queues import QueueDesk
    from amber.kernel import Kernel

T = TypeVar("T")
CHUNK = 1000
"""Letters handed back or dropped before the next ones are looked for."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
PLUGIN = click.option("--plugin", default="", help="Those this plugin could not handle.")
STREAM = click.option("--stream", type=click.Choice(["ITEMS", "FACTS", "TASKS"]), help="Those from this stream.")
PROJECT = click.option("--project", type=int, default=0, help="Those of the project with this id.")
TEXT = click.option("--text", default="", help="Those with these words in the reason.")
ALL = click.option("--all", "is_all", is_flag=True, help="All that match; without a filter, all there are.")
Numbers = tuple[int, ...]


class Desks:
    """What a command works with, beside a running Amber."""

    def __init__(self, kernel: "Kernel") -> None:
        self.letters: LetterDesk = kernel.services.kernel["dead_letters"]
        self.queues: QueueDesk = kernel.services.kernel["consumers"]
        self._kernel = kernel

    def audit(self, action: str) -> AuditEntry:
        """What is told of a deed; what concerns the whole installation is noted where its first owner looks."""
        first = min((one.id for one in self._kernel.stores.directory.organisations()), default=0)
        return AuditEntry(first, "cli", action, "dead-letters", time.time())


@click.group()
def dead() -> None:
    """Dead letters: originals that could not be handled, with the reason."""


@click.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="How many at most.")
@click.option("--newest", is_flag=True, help="The newest first.")
@PLUGIN
@STREAM
@PROJECT
@TEXT
@AS_JSON
def list_dead(data: Path, config: Path | None, limit: int, as_json: bool, **chosen: Any) -> None:
    """List dead letters, oldest first."""
    wanted, oldest_first = _filter(chosen), not chosen["newest"]
    found = _run(data, config, lambda desks: desks.letters.page(wanted, limit=limit, oldest_first=oldest_first))
    letters = found.page.items
    if as_json:
        click.echo(msgspec.json.encode([_row(letter) for letter in letters]))
        return
    for letter in letters:
        click.echo(f"{letter.id}  {_moment(letter.at)}  {letter.stream}  {letter.plugin}: {letter.reason}")
    if found.total > len(letters):
        click.echo(f"{len(letters)} of {found.total}; --limit shows more.")
    if not letters:
        click.echo("No dead letters.")


@click.command()
@click.argument("number", type=int)
@AS_JSON
def show(data: Path, config: Path | None, number: int, as_json: bool) -> None:
    """Show one dead letter with its original, which was not scrubbed: the look is in the audit log."""
    found = _run(data, config, lambda desks: desks.letters.open(number, None, desks.audit("letter.open")))
    row = _row(found.letter)
    if as_json:
        contents = [msgspec.to_builtins(one) for one in found.contents]
        click.echo(msgspec.json.encode(row | {"contents": contents}))
        return
    for name, value in row.items():
        if value not in ("", 0, None):
            click.echo(f"{name:12} {value}")
    for one in found.contents:
        click.echo(_described(one))


@click.command()
@click.argument("numbers", type=int, nargs=-1)
@PLUGIN
@STREAM
@PROJECT
@TEXT
@ALL
@AS_JSON
def retry(data: Path, config: Path | None, numbers: Numbers, as_json: bool, **chosen: Any) -> None:
    """Hand dead letters back to where they came from: those with these NUMBERS, or all that match."""
    wanted = _wanted(numbers, chosen)
    done = _run(data, config, lambda desks: _sweep(desks, "retry", numbers, wanted))
    click.echo(f'{{"done":{done}}}' if as_json else f"{done} handed back.")


@click.command()
@click.argument("numbers", type=int, nargs=-1)
@PLUGIN
@STREAM
@PROJECT
@TEXT
@ALL
@AS_JSON
def drop(data: Path, config: Path | None, numbers: Numbers, as_json: bool, **chosen: Any) -> None:
    """Forget dead letters for good: those with these NUMBERS, or all that match."""
    wanted = _wanted(numbers, chosen)
    done = _run(data, config, lambda desks: _sweep(desks, "drop", numbers, wanted))
    click.echo(f'{{"done":{done}}}' if as_json else f"{done} dropped.")


@click.command()
@AS_JSON
def pauses(data: Path, config: Path | None, as_json: bool) -> None:
    """List consumers that stand still because too much of what they took died."""
    every = _run(data, config, lambda desks: desks.queues.all())
    found = [one.pause for one in every if one.pause is not None]
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for pause in found:
        click.echo(f"{pause.consumer}  {_moment(pause.since)}  {pause.reason}")
    if not found:
        click.echo("Nothing is paused.")


@click.command()
@click.argument("consumer")
def resume(data: Path, config: Path | None, consumer: str) -> None:
    """Let CONSUMER go on, such as digest."""
    _run(data, config, lambda desks: desks.queues.resume(consumer, desks.audit("consumer.resume")))
    click.echo(f"{consumer} goes on.")


for _command in (list_dead, show, retry, drop, pauses, resume):
    dead.add_command(placed(_command))


def _wanted(numbers: Numbers, chosen: dict[str, Any]) -> LetterFilter | None:
    """What all is to be taken that matches; None where numbers say which. Raises UsageError where neither does."""
    if numbers and any(chosen.values()):
        raise click.UsageError("say NUMBERS, or which letters you mean, but not both")
    if not numbers and not chosen["is_all"]:
        raise click.UsageError("say NUMBERS, or --all with what the letters have in common")
    return None if numbers else _filter(chosen)


def _filter(chosen: dict[str, Any]) -> LetterFilter:
    return LetterFilter(None, chosen["plugin"], chosen["stream"] or "", chosen["project"], chosen["text"])


async def _sweep(desks: Desks, deed: str, numbers: Numbers, wanted: LetterFilter | None) -> int:
    """How many letters were taken; those that die again meanwhile are not among them."""
    letters, audit = desks.letters, desks.audit(f"letter.{deed}")
    if wanted is None:
        return await (letters.retry if deed == "retry" else letters.drop)(list(dict.fromkeys(numbers)), None, audit)
    newest = (await letters.page(wanted, limit=1)).newest
    wanted = msgspec.structs.replace(wanted, until=newest)
    done = 0
    while True:
        swept = await (letters.retry_all if deed == "retry" else letters.drop_all)(wanted, CHUNK, audit)
        done += swept.done
        if not swept.left or not swept.done:
            return done


def _run(data: Path, config: Path | None, job: Callable[[Desks], Awaitable[T]]) -> T:
    """Do it beside the running Amber. Raises ConfigError where none has run yet."""
    from amber.bus.connect import NatsBus
    from amber.kernel import Kernel
    from amber.switches import read_switches

    settings = runtime.settings(data, config)
    if not settings.bus.url:
        raise ConfigError(f"no Amber has run on {data} yet, and no [bus] url is set")

    async def run() -> T:
        bus = await NatsBus(settings.bus).connect(attempts=10)
        kernel = Kernel(settings, data)
        kernel.registry.heed(await read_switches(bus))
        await kernel.start(bus)
        try:
            return await job(Desks(kernel))
        except Reject as refused:
            raise Reject(f"{refused.detail}; `amber dead list` and `amber dead pauses` show what there is") from refused
        finally:
            await kernel.stop()

    return asyncio.run(run())


def _row(letter: Letter) -> dict[str, Any]:
    """A letter as it is printed; `error` is the reason."""
    told: dict[str, Any] = msgspec.to_builtins(letter)
    told |= {"id": str(letter.id), "at": _moment(letter.at), "error": told.pop("reason")}
    return told | {
        "items": " ".join(letter.items),
        "first_at": _moment(letter.first_at),
        "received_at": _moment(letter.received_at) if letter.received_at else "",
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _described(one: "Content") -> str:
    head = (
        f"\nsubmission {one.id}: {one.protocol}/{one.route}, {one.size} bytes {one.encoding}".rstrip() if one.id else ""
    )
    body = one.body or (f"{one.size} bytes that are no text" if one.raw else "")
    return "\n".join(part for part in (head, one.note, body) if part)
