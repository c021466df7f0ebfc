import asyncio
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from amber.bus import STATUS
from amber.metrics import Metrics
from amber.testing.memorybus import MemoryBus
from amber.watching import status as status_module
from amber.watching.status import SILENT_AFTER, Board, Reporter, Status, merge, merge_reports

pytestmark = pytest.mark.anyio


def status(process: str = "worker-1", metrics: str = "", **more: Any) -> Status:
    return Status(process, "worker", 1.0, metrics, **more)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_process_is_known_for_as_long_as_it_says_something(bus: MemoryBus) -> None:
    clock = Clock()
    board = Board(clock)
    await board.start(bus)
    for process in ("b", "a"):
        await bus.broadcast(STATUS, msgspec.json.encode(status(process)))
    clock.now += SILENT_AFTER - 1
    await bus.broadcast(STATUS, msgspec.json.encode(status("b", problems=("it hurts",))))
    assert [one.process for one in board.alive()] == ["a", "b"]
    assert [one.process for one in board.others("b")] == ["a"]
    clock.now += 2
    assert board.alive() == [status("b", problems=("it hurts",))]


async def test_a_process_says_how_it_is_although_the_bus_was_away(
    bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "PERIOD", 0.001)
    board = Board()
    await board.start(bus)
    bus.is_up = False
    running = asyncio.create_task(Reporter(bus, status).run())
    await asyncio.sleep(0.01)
    assert board.alive() == []
    bus.is_up = True
    while not board.alive():
        await asyncio.sleep(0.001)
    running.cancel()
    assert board.alive() == [status()]


def test_the_metrics_of_several_processes_become_one_text() -> None:
    one, two = Metrics(), Metrics()
    for metrics in (one, two):
        metrics.called('odd "name"\\', "enrich_events", 0.5, "x", "Odd\nError")
        metrics.lag_from(lambda: 3)
    merged = merge("edge-1", one.render().decode(), [status("worker-1", two.render().decode())]).decode()
    families = {family.name: family for family in text_string_to_metric_families(merged)}
    calls = families["amber_plugin_calls"]
    assert calls.type == "counter"
    assert {(sample.labels["process"], sample.labels["plugin"], sample.value) for sample in calls.samples} == {
        ("edge-1", 'odd "name"\\', 1.0),
        ("worker-1", 'odd "name"\\', 1.0),
    }
    assert {sample.labels["process"] for sample in families["amber_digest_lag"].samples} == {"edge-1", "worker-1"}
    assert families["amber_plugin_seconds"].type == "histogram"
    assert merged.count("# TYPE amber_plugin_calls_total") == 1


def row(name: str = "p", state: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1.0",
        "state": state,
        "reason": "",
        "calls": 1,
        "errors": 0,
        "refused": 0,
        "p95_ms": 1.0,
        "last_error": "",
        **more,
    }


def test_a_plugin_is_told_of_once_with_what_it_cost_everywhere() -> None:
    own = [row(), row("sick", "failed", reason="here")]
    there = row(state="tripped", reason="there", errors=1, refused=2, p95_ms=9.0, last_error="oh")
    merged = merge_reports(own, [status(plugins=(there, row("sick"), row("new"))), status(plugins=(row(),))])
    assert merged[0] == row(state="tripped", reason="there", calls=3, errors=1, refused=2, p95_ms=9.0, last_error="oh")
    assert (merged[1]["state"], merged[1]["reason"], merged[1]["calls"]) == ("failed", "here", 2)
    assert merged[2] == row("new")


def test_what_the_processes_of_a_plugin_take_adds_up_and_one_without_takes_nothing() -> None:
    own = [row("apart", memory_bytes=0, restarts=0), row("inline", memory_bytes=None, restarts=None), row("older")]
    workers = [
        status(plugins=(row("apart", memory_bytes=size, restarts=2), row("inline", memory_bytes=None, restarts=None)))
        for size in (3000, 500)
    ]
    told = [(one.get("memory_bytes"), one.get("restarts")) for one in merge_reports(own, workers)]
    assert told == [(3500, 4), (None, None), (None, None)]


def test_a_plugin_runs_only_once_every_process_has_its_new_version() -> None:
    there = [status(plugins=(row(state=state),)) for state in ("running", "failed")]
    for told in there:
        [merged] = merge_reports([row(version="2.0")], [told])
        assert (merged["state"], merged["reason"]) == ("starting", "a process still has version 1.0 of it")


def test_why_a_plugin_does_not_start_is_known_to_the_worker_that_starts_it() -> None:
    waits, ended = row(state="starting", reason="no hello"), row(state="starting", reason="its process ended")
    for state, told, reason in (("starting", ended, "its process ended"), ("failed", row(state="failed"), "")):
        [merged] = merge_reports([waits], [status(plugins=(told,))])
        assert (merged["state"], merged["reason"]) == (state, reason)
