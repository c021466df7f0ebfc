"""Indexes as they are read here: signature, name, age and serial number are checked before a word is believed."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256

from msgspec import Struct

from amber import Context
from amber.errors import AmberError, Reject
from amber_market.index.envelope import is_sealed, verified
from amber_market.index.keys import key_id, read_public
from amber_market.index.shape import Index, decode_index
from amber_market.market.config import Config, IndexConfig
from amber_market.market.fetching import fetch
from amber_market.market.memory import Edition, heed

LARGEST = 32 << 20
"""Bytes of an index's file."""
FRESH = 300.0
"""Seconds an index is shown to people before it is read again; to install from it, it is always read again."""
AGAIN = 15.0
"""Seconds until an index that could not be read is tried again."""


class Shelf(Struct, frozen=True):
    """A configured index: what it says, or the reason why it is not believed. `at` is when it was read."""

    config: IndexConfig
    index: Index | None = None
    refusal: str = ""
    at: float = 0.0

    @property
    def is_signed(self) -> bool:
        """Whether a key named in the configuration signed it."""
        return self.index is not None and bool(self.config.key)


class Shelves:
    """The indexes this process has read."""

    def __init__(self) -> None:
        self._read: dict[str, Shelf] = {}
        self._under_way: dict[str, asyncio.Task[Shelf]] = {}
        self._tasks: set[asyncio.Task[Shelf]] = set()

    async def look(self, ctx: Context[Config], *, is_fresh: bool = False, patience: float | None = None) -> list[Shelf]:
        """Every configured index, in their order; read now if asked for, else every few minutes.

        After `patience` seconds those that are still on their way are told as such; the next look may find them.
        """
        tasks = [self._task(ctx, one, is_fresh) for one in ctx.config.indexes]
        waiting = [task for task in tasks if isinstance(task, asyncio.Task)]
        if waiting:
            await asyncio.wait(waiting, timeout=patience)
        return [_told(one, task) for one, task in zip(ctx.config.indexes, tasks, strict=True)]

    def _task(self, ctx: Context[Config], config: IndexConfig, is_fresh: bool) -> "asyncio.Task[Shelf] | Shelf":
        """What is known of an index, or the reading of it: one at a time, whoever asks."""
        known = self._read.get(config.name)
        if known is not None and not is_fresh and known.config == config and not _is_old(known, ctx.now()):
            return known
        task = self._under_way.get(config.name)
        if task is None or task.done() or is_fresh:
            task = self._under_way[config.name] = asyncio.create_task(self._look(ctx, config))
            self._tasks.add(task)  # the loop itself would let go of it
            task.add_done_callback(self._tasks.discard)
        return task

    async def _look(self, ctx: Context[Config], config: IndexConfig) -> Shelf:
        shelf = self._read[config.name] = await _looked(ctx, config)
        return shelf

    def close(self) -> None:
        """Leave off whatever is being read."""
        for task in self._tasks:
            task.cancel()


def _told(config: IndexConfig, task: "asyncio.Task[Shelf] | Shelf") -> Shelf:
    if isinstance(task, Shelf):
        return task
    return task.result() if task.done() else Shelf(config, refusal=f"the index {config.name} is still on its way")


def shelves(ctx: Context[Config]) -> Shelves:
    """Those of this process."""
    return ctx.keep("shelves", Shelves)


def _is_old(shelf: Shelf, now: float) -> bool:
    if shelf.index is None:
        return now - shelf.at > AGAIN
    return now - shelf.at > FRESH or now >= shelf.index.expires.timestamp()


async def _looked(ctx: Context[Config], config: IndexConfig) -> Shelf:
    try:
        return Shelf(config, await read_index(ctx, config), at=ctx.now())
    except AmberError as error:
        ctx.log.warning("the index %s is not used: %s", config.name, error)
        return Shelf(config, refusal=str(error), at=ctx.now())


async def read_index(ctx: Context[Config], config: IndexConfig) -> Index:
    """What an index says, fetched and checked now. Raises Reject or Retry with the reason why it is not believed."""
    payload = opened(await fetch(ctx, config.source, LARGEST), config)
    index = decode_index(payload)
    if index.name != config.name:
        raise Reject(f"{config.source} is the index {index.name}, not {config.name}")
    if (now := ctx.now()) >= index.expires.timestamp():
        raise Reject(
            f"the index {index.name} expired {said_time(index.expires)}: its publisher must issue it anew, or somebody"
            " keeps the new one from you"
        )
    signer = key_id(read_public(config.key)) if config.key else ""
    edition = Edition(index.name, signer, index.version, sha256(payload).hexdigest())
    await asyncio.to_thread(heed, ctx.database, edition, now)
    return index


def opened(file: bytes, config: IndexConfig) -> bytes:
    """The payload of an index's file: with a key named, only if that key signed it. Raises Reject."""
    if config.key:
        return verified(file, read_public(config.key))
    if is_sealed(file):
        raise Reject(
            f"the index {config.name} is signed, but no key is named for it: ask its publisher for the key and write it"
            ' into amber.toml (key = "ed25519:…")'
        )
    return file


def said_time(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
