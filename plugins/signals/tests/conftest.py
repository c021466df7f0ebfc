"""The plugin on memory, on an SQLite file and on a real PostgreSQL, with a clock that tests turn."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from amber import Context
from amber.errors import Unavailable
from amber.model import Fact, Handled, Item
from amber.testing.contexts import make_context, make_services
from amber.testing.databases import open_database
from amber.testing.stores import NOON
from amber.testing.targets import SHOP, TargetShelf
from amber_signals import checkins
from amber_signals.checkins.config import Config, store_of
from amber_signals.checkins.monitors import Run, Watch
from amber_signals.checkins.receiving import take_checkins
from amber_signals.checkins.watching import look

# It is one of pytest's own plugins in other test folders, which must not find it imported plainly.
pytest.register_assert_rewrite("amber.testing.postgres")

from amber.testing.postgres import PostgresServer, postgres, postgres_url  # noqa: E402 - after the line above
from amber.testing.running import app, kernel, session_kernel  # noqa: E402 - as above

__all__ = ["app", "kernel", "postgres", "postgres_url", "session_kernel"]
START = NOON - NOON % 300


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a PostgreSQL database that holds the plugin's empty tables."""
    name = postgres.create()
    open_database(postgres.url(name), checkins).dispose()
    return name


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path / 'amber.db'}", checkins)
    yield made
    made.dispose()


@pytest.fixture
def memory_engine() -> Iterator[Engine]:
    made = open_database("sqlite://", checkins)
    yield made
    made.dispose()


@pytest.fixture
def postgres_engine(postgres: PostgresServer, postgres_template: str) -> Iterator[Engine]:
    name = postgres.create(postgres_template)
    made = open_database(postgres.url(name))
    yield made
    made.dispose()
    postgres.drop(name)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the three in turn."""
    made: Engine = request.getfixturevalue(f"{request.param}_engine")
    return made


class Shelf(TargetShelf):
    """A directory with the shop, its targets and its settings; `is_gone` once it was removed."""

    settings: Mapping[str, object] = {}
    is_gone = False

    def project(self, ref: str, organisation: int | None = None) -> Any:
        found = super().project(ref, organisation)
        return replace(found, settings=self.settings) if found is not None and not self.is_gone else None


class Watchman:
    """The plugin beside a clock, a bus that may be away, and a queue of items that may be behind."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self.now, self.waiting_since = START, 0.0
        self.told: list[Fact] = []
        self.is_away = False
        self.shelf = Shelf()
        self._items = 0
        services = make_services(Path(), engine)
        services.publish = self._publish
        services.kernel.update(
            public_url="https://amber.example",
            consumers=SimpleNamespace(all=self._queues),
        )
        self.ctx: Context[Config] = make_context(checkins, config, services, directory=self.shelf)
        self.ctx.now = lambda: self.now  # type: ignore[method-assign]  # the clock that tests turn
        self.store = store_of(self.ctx)

    async def _publish(self, fact: Fact) -> None:
        await anyio.lowlevel.checkpoint()
        if self.is_away:
            raise Unavailable("the bus is away")
        self.told.append(fact)

    async def _queues(self) -> list[Any]:
        await anyio.lowlevel.checkpoint()
        if self.is_away:
            raise Unavailable("the bus is away")
        return [
            SimpleNamespace(stream="FACTS", name="fact-checkins", since=1.0),
            SimpleNamespace(stream="ITEMS", name="digest", since=self.waiting_since),
        ]

    def item(self, status: str = "ok", at: float | None = None, slug: str = "nightly", **more: Any) -> Item:
        """A check-in of the shop, as the worker gets it."""
        self._items += 1
        payload = json.dumps({"monitor_slug": slug, "status": status, **more}).encode()
        return Item(f"s{self._items}:0", "check_in", "monitor", SHOP.id, self.now if at is None else at, payload)

    async def take(self, *items: Item) -> list[Handled]:
        return await take_checkins(items, self.ctx)

    async def hear(self, status: str = "ok", at: float | None = None, **more: Any) -> Handled:
        [handled] = await self.take(self.item(status, at, **more))
        return handled

    async def look(self, now: float | None = None) -> list[str]:
        """Look for what is overdue, at a time; the kinds of news that brought."""
        self.now = self.now if now is None else now
        before = len(self.told)
        await look(self.ctx)
        return [fact.type for fact in self.told[before:]]

    def watch(self, slug: str = "nightly", environment: str = "production") -> Watch:
        monitor = self.store.monitor(SHOP.id, slug)
        assert monitor is not None
        return next(one for one in self.store.watches([monitor.id])[monitor.id] if one.environment == environment)

    def runs(self, slug: str = "nightly", environment: str = "production") -> list[Run]:
        """The runs of a watch, oldest first."""
        return self.store.runs(self.watch(slug, environment).id, 1000)[::-1]

    def statuses(self) -> list[str]:
        return [run.status for run in self.runs()]


@pytest.fixture
def watchman(engine: Engine) -> Watchman:
    return Watchman(engine, Config())


@pytest.fixture
def keep_watch() -> Callable[..., Watchman]:
    """Another process on a database of one's choice: `keep_watch(engine, monitors=2)`."""
    return lambda engine, **config: Watchman(engine, Config(**config))
