"""`amber trace`: calls to plugins as they happen, in every process of the running Amber."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from amber.config import Settings
from amber.errors import ConfigError, Unavailable
from amber.processes import runtime

AGAIN = 1.0
"""Seconds between two words to the processes that somebody still watches."""
WIDTH = 160
"""Characters of a line that are shown of an argument or an answer."""


@click.command()
@click.option("--event", default="", help="Calls about the event with this id, from decoding to storing.")
@click.option("--request", default="", help="Calls made to answer requests whose path begins so.")
@click.option("--plugin", default="", help="Calls to this plugin.")
@click.option("--hook", default="", help="Calls in this hook; `store` is the writing of a batch.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="End after so long; with Ctrl-C if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print each call in whole as a line of JSON.")
def trace(data: Path, config: Path | None, seconds: float | None, as_json: bool, **wished: str) -> None:
    """Print calls to plugins while they happen: arguments, answers, times; scrubbed and shortened."""
    settings = runtime.settings(data, config)
    if not settings.bus.url:
        raise ConfigError(f"no Amber has run on {data} yet, and no [bus] url is set")
    wished["event"] = wished["event"].replace("-", "").lower()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(settings, wished, seconds, as_json))


async def _watch(settings: Settings, wished: dict[str, str], seconds: float | None, as_json: bool) -> None:
    from amber.bus import TRACE, trace_subject
    from amber.bus.connect import NatsBus
    from amber.watching.tracing import Call, Wish

    async def hear(_: str, data: bytes) -> None:
        call = msgspec.json.decode(data, type=Call)
        click.echo(data if as_json else "\n".join(lines(call)))

    wish = Wish(secrets.token_hex(8), **wished)
    bus = await NatsBus(settings.bus).connect(attempts=10)
    try:
        await bus.listen(trace_subject(wish.id), hear)
        click.echo("Watching; Ctrl-C ends it.", err=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(Unavailable):  # it says so itself, and reconnects
                        await bus.broadcast(TRACE, msgspec.json.encode(wish))
                    await asyncio.sleep(AGAIN)
    finally:
        await bus.close()


def lines(call: Any) -> Iterator[str]:
    """A call as people read it: when, where, who, how long and how; below that, with what."""
    if call.missed:
        yield f"… {call.missed:,} calls more than can be told"
    moment = f"{time.strftime('%H:%M:%S', time.localtime(call.at))}.{int(call.at % 1 * 1000):03}"
    told = f"{call.hook:16}  {call.plugin:12}  {call.seconds * 1000:8.2f} ms  {call.outcome}"
    yield "  ".join((moment, f"{call.process:13}", told, _brief(call.request) if call.request else "")).rstrip()
    for name, value in call.given.items():
        yield f"    {name}: {_brief(value)}"
    if call.outcome == "answered":
        yield f"    → {_brief(call.answer)}"
    if call.problem:
        yield f"    ! {_brief(call.problem)}"


def _brief(value: Any) -> str:
    """A value as JSON, which no terminal takes for a command."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
