"""While JetStream is full, silent or gone: 503 at once, a small edge, and all recovers by itself."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from msgspec.structs import replace

from amber.config import BusConfig
from tests.flows.running import Running, memory, wait_until
from tests.flows.wire import Connection, envelope, error, post

from .audit import look, problems, settled
from .load import Load, under
from .system import bus_of

MANY = 200
"""Refusals that could not be heard within the patience of a test if each of them took the bus's time."""
MB = 1 << 20


def answer(amber: Running) -> httpx.Response:
    headers = {"x-sentry-auth": f"Sentry sentry_key={amber.key}, sentry_version=7"}
    return amber.web.post(f"/api/{amber.project}/envelope/", content=envelope(error()), headers=headers)


def accepts_more(load: Load) -> None:
    wanted = len(load.accepted) + MANY
    wait_until(lambda: len(load.accepted) >= wanted)


def hears_503(amber: Running, load: Load) -> None:
    wanted = load.statuses[503] + MANY
    wait_until(lambda: load.statuses[503] >= wanted)
    refused = answer(amber)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


@contextmanager
def frozen(amber: Running, part: str) -> Iterator[None]:
    pid = amber.children()[part]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def broken_promises(amber: Running, load: Load) -> list[str]:
    room = int(amber.environment.get("AMBER_BUS_MAX_BYTES", BusConfig().max_bytes))
    database, bus = f"sqlite:///{amber.data / 'amber.db'}", replace(bus_of(amber.data), max_bytes=room)
    wait_until(settled(database, bus))
    return problems(look(database, bus), load)


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("worker", {"AMBER_BUS_MAX_BYTES": str(MB)}),
        ("nats-server", {"AMBER_INGEST_PUBLISH_TIMEOUT": "2"}),
    ],
    ids=["full", "silent"],
)
def test_a_bus_that_takes_nothing_is_a_503_until_it_does(
    start: Callable[..., Running], part: str, settings: dict[str, str]
) -> None:
    amber = start(environment=settings)
    with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
        accepts_more(load)
        with frozen(amber, part):
            hears_503(amber, load)
        accepts_more(load)
    wait_until(amber.is_ready)
    assert broken_promises(amber, load) == []


def test_a_bus_that_is_gone_is_a_503_until_it_is_back(start: Callable[..., Running]) -> None:
    amber = start()
    server = amber.data / "nats" / "nats.conf"
    told = server.read_text()
    with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
        accepts_more(load)
        server.write_text("this keeps it from starting again")
        os.kill(amber.children()["nats-server"], signal.SIGKILL)
        hears_503(amber, load)
        server.write_text(told)
        accepts_more(load)
    wait_until(amber.is_ready)
    assert broken_promises(amber, load) == []


@pytest.mark.parametrize("size", [MB * 9 // 10, 2 * MB], ids=["refused by memory or bus", "refused as too large"])
def test_the_edge_stays_small_whatever_it_refuses(start: Callable[..., Running], size: int) -> None:
    """While the bus is silent a hundred clients send a large event each, again and again: nothing of them stays."""
    amber = start(environment={"AMBER_INGEST_MAX_IN_FLIGHT": str(8 * MB), "AMBER_INGEST_PUBLISH_TIMEOUT": "2"})
    edge = amber.children()["edge"]
    event = {**error(), "extra": {"large": "x" * size}}
    request = post(amber.url, amber.project, amber.key, envelope(event))

    async def send() -> list[int]:
        connections = [Connection(amber.url) for _ in range(100)]
        statuses: list[int] = []
        for _ in range(4):
            statuses += await asyncio.gather(*(connection.ask(request) for connection in connections))
        for connection in connections:
            await connection.close()
        return statuses

    with frozen(amber, "nats-server"):
        assert 200 not in asyncio.run(send())
        before = memory(edge)
        assert 200 not in asyncio.run(send())
        assert memory(edge) - before < 40
    wait_until(amber.is_ready)
    assert answer(amber).status_code == 200
