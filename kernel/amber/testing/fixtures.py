"""The fixtures that `amber` gives to pytest wherever it is installed; no conftest is needed.

pytest imports this at its start, so what a fixture needs is imported when somebody asks for it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import asyncio

    from amber.bus import Bus
    from amber.model import Event
    from amber.testing.bench import Bench
    from amber.testing.clock import Clock
    from amber.testing.peer import Peer


@pytest.fixture
def clock() -> "Clock":
    """What `ctx.now()` says: it stands until the test sets it or moves it forward."""
    from amber.testing.clock import Clock

    return Clock()


@pytest.fixture
def http() -> "Iterator[Peer]":
    """The other side of the plugin's requests: it answers as the test tells it, and keeps what it got."""
    from amber.testing.peer import listening

    with listening() as peer:
        yield peer


@pytest.fixture
def events() -> "list[Event]":
    """Events of every platform as real apps send them, in normal form; those real SDKs sent are among them."""
    from amber.testing.events import corpus

    return corpus()


@pytest.fixture
def amber_loop() -> "Iterator[asyncio.Runner]":
    """The event loop that `kernel` and `bus` live in."""
    import asyncio

    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def bus(request: pytest.FixtureRequest, amber_loop: "asyncio.Runner", tmp_path: Path) -> "Iterator[Bus]":
    """The bus under `kernel`: in memory, or with `--bus nats` on a NATS server of this test's own."""
    if request.config.getoption("amber_bus") == "memory":
        from amber.testing.memorybus import MemoryBus

        yield MemoryBus()
        return
    from amber.bus.connect import NatsBus
    from amber.testing.nats import NatsServer

    server = NatsServer(tmp_path)
    server.start()
    made = amber_loop.run(NatsBus(server.config).connect())
    yield made
    amber_loop.run(made.close())
    server.kill()


@pytest.fixture
def kernel(
    request: pytest.FixtureRequest, amber_loop: "asyncio.Runner", bus: "Bus", tmp_path: Path
) -> Iterator["Bench"]:
    """A real kernel that runs the plugin under test, on an SQLite file, with `clock` as its clock and `http` around it.

    `@pytest.mark.plugin(key=value)` sets keys of the plugin's table; `@pytest.mark.plugin("name")` names another one
    than `amber_plugin` in pytest's configuration does.
    """
    from amber.testing.bench import Bench, World

    world = World(tmp_path, request.getfixturevalue("http"), request.getfixturevalue("clock"), bus)
    bench = Bench(_subject(request), world, amber_loop)
    yield bench
    bench.stop()


def _subject(request: pytest.FixtureRequest) -> Any:
    """The plugin under test, with the keys that markers give."""
    from amber.testing.subject import find_plugin

    named = [*request.config.getoption("plugin"), request.config.getini("amber_plugin")]
    table: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("plugin"))):
        named = [*marker.args, *named]
        table |= marker.kwargs
    if not any(named):
        raise pytest.UsageError('say which plugin is under test: amber_plugin = "NAME" under [tool.pytest.ini_options]')
    return find_plugin(next(filter(None, named)), table)
