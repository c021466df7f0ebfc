"""`kill -9` in mid-load: everything answered 200 is stored, once, and counted once."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from .running import Running, wait_until
from .wire import Load

pytestmark = pytest.mark.measured

ENOUGH = 300
"""Events answered 200 before, and after, a process is killed."""


@contextmanager
def under_load(amber: Running) -> Iterator[Load]:
    """Events keep coming in meanwhile."""
    load = Load(amber.url, amber.project, amber.key)
    thread = threading.Thread(target=lambda: asyncio.run(load.run()))
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join()


def accepts_more(load: Load) -> None:
    """Wait until so many more events were answered 200."""
    wanted = len(load.accepted) + ENOUGH
    wait_until(lambda: len(load.accepted) >= wanted)


def stored_ids(amber: Running) -> list[str]:
    """The ids of all stored events, one entry for each line of each issue's list."""
    return [event["event_id"] for one in amber.issues() for event in amber.pages(f"/issues/{one['id']}/events")]


def settled(amber: Running, load: Load) -> Callable[[], list[str]]:
    """Asks for all stored ids, once those answered 200 are among them and what is counted is what is stored.

    There may be more: events that were durable when the edge died before it could say so.
    """

    def ids() -> list[str]:
        stored = stored_ids(amber)
        counted = sum(issue["count"] for issue in amber.issues())
        return stored if set(load.accepted) <= set(stored) and counted == len(stored) else []

    return ids


def test_what_was_answered_200_outlives_the_death_of_worker_edge_and_bus(start: Callable[..., Running]) -> None:
    amber = start()
    first = amber.children()
    assert set(first) == {"worker", "edge", "nats-server"}
    with under_load(amber) as load:
        accepts_more(load)
        for victim in ("worker", "edge", "nats-server"):
            os.kill(first[victim], signal.SIGKILL)
            wait_until(lambda victim=victim: amber.children().get(victim, first[victim]) != first[victim])
            accepts_more(load)
    wait_until(amber.is_ready)
    stored = wait_until(settled(amber, load))
    assert len(stored) == len(set(stored))
    again = amber.children()
    assert all(again[name] != first[name] for name in first)


def test_what_waits_on_the_bus_outlives_the_death_of_everything(start: Callable[..., Running]) -> None:
    amber = start()
    with under_load(amber) as load:
        accepts_more(load)
        for pid in amber.children().values():
            os.kill(pid, signal.SIGKILL)
        accepts_more(load)
    stored = wait_until(settled(amber, load))
    assert len(stored) == len(set(stored))
    assert amber.outcomes()["error", "stored"] == len(stored)
