"""Installations under way: pip takes longer than anybody should wait for a page."""

import asyncio
from typing import Any

from msgspec import Struct

from amber import Context
from amber.errors import AmberError
from amber.model import AuditEntry
from amber_market.market.choosing import Choice
from amber_market.market.config import Config
from amber_market.market.installing import install


class Run(Struct):
    """An installation: under way until `is_done`, then either well or refused for a reason."""

    version: str
    is_done: bool = False
    refusal: str = ""


class Runs:
    """The last installation of each plugin that was begun in this process."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def of(self, name: str) -> Run | None:
        """What became of installing this plugin; None where nobody tried."""
        return self._runs.get(name)

    def begin(self, ctx: Context[Config], choice: Choice, audit: AuditEntry) -> None:
        """Install it, unless that is under way."""
        name = choice.entry.name
        if (known := self._runs.get(name)) is not None and not known.is_done:
            return
        run = self._runs[name] = Run(choice.release.version)
        task = asyncio.create_task(_follow(ctx, run, choice, audit))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for those under way: what pip has begun is not left half done."""
        await asyncio.gather(*self._tasks)


async def _follow(ctx: Context[Config], run: Run, choice: Choice, audit: AuditEntry) -> None:
    try:
        await install(ctx, choice, audit)
    except AmberError as error:
        run.refusal = str(error)
        ctx.log.warning("plugin %s was not installed: %s", choice.entry.name, error)
    except Exception as error:
        run.refusal = f"an unexpected error, {type(error).__name__}; Amber's log tells more"
        ctx.log.exception("plugin %s was not installed", choice.entry.name)
    finally:
        run.is_done = True


def runs(ctx: Context[Config]) -> Runs:
    """Those of this process."""
    return ctx.keep("runs", Runs)
