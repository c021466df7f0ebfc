"""The rows of `make bench`, each with its bar, measured in one run."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bench import measures
from bench.load import UNLIKE, Load, until_stored
from bench.peers import Bugsink
from bench.processes import Watch, use
from bench.system import Amber
from bench.table import Bar, Report, Row, begun

ACCEPTED, STORED_LARGE, STORED_SMALL = "accepted and durable, nothing else running", "stored, large", "stored, small"


class Plan(Struct, frozen=True):
    """How much is sent, how often; with `peer`, Bugsink beside it."""

    runs: int
    large: int
    small: int
    steady: int
    peer: int


FULL = Plan(runs=3, large=8000, small=40000, steady=4000, peer=800)
QUICK = Plan(runs=1, large=2000, small=4000, steady=1000, peer=0)


class Bench:
    """One run of all measures, with folders of its own."""

    def __init__(self, plan: Plan, folder: Path, cache: Path, port: int) -> None:
        self._plan, self._folder, self._cache, self._port = plan, folder, cache, port
        self._load = Load(folder / "load")
        self._rows: list[Row] = []
        self._notes: list[str] = []
        self._peers: dict[str, tuple[float, ...]] = {}

    def run(self) -> Report:
        """Everything, one system at a time."""
        report = begun(self._plan.runs)
        if self._plan.peer:
            self._measure_peer()
        amber = Amber(self._folder / "data", self._port)
        self._starts(amber)
        self._alone(amber)
        self._steady(amber)
        self._under_load(amber)
        return replace(report, rows=tuple(self._rows), notes=tuple(self._notes))

    def _row(self, figure: str, bar: Bar, *values: float) -> None:
        self._rows.append(Row(figure, bar, tuple(values), self._peers.get(figure, ())))
        print("  ".join(self._rows[-1].cells()), flush=True)

    def _times(self) -> Iterator[int]:
        yield from range(self._plan.runs)

    def _measure_peer(self) -> None:
        """Bugsink under the same load: accepted and stored a second."""
        bugsink, event = Bugsink(self._cache / "bugsink"), self._load.an_event()
        with bugsink.up(event):
            idle = use(bugsink.pids()).pss
            with Watch(bugsink.pids) as watch:
                large = [self._peer_run(bugsink, "large") for _ in self._times()]
                small = [self._peer_run(bugsink, "small") for _ in self._times()]
        self._peers[ACCEPTED] = tuple(run[0] for run in large)
        self._peers[STORED_LARGE] = tuple(run[1] for run in large)
        self._peers[STORED_SMALL] = tuple(run[1] for run in small)
        self._notes.append(f"Bugsink: {idle:.0f} MB idle, {watch.most.pss:.0f} MB under load")

    def _peer_run(self, bugsink: Bugsink, payload: str) -> tuple[float, float]:
        before = bugsink.counted()
        sent = measures.whole(self._load.send(bugsink.target, self._plan.peer, payload))
        seconds = until_stored(bugsink.counted, before + sent.events) - sent.started
        return sent.per_second, sent.events / seconds

    def _starts(self, amber: Amber) -> None:
        """How long until the first event is in, at the very first start and later."""
        event, bar = self._load.an_event(), Bar(3.0, is_most=True, unit="s")
        with amber.up():
            self._row("memory, idle", Bar(250, is_most=True, unit="MB"), measures.idle_memory(amber))
        self._row(
            "cold start to first accepted event", bar, *(measures.cold_start(amber, event) for _ in self._times())
        )
        firsts = [measures.first_start(self._folder, self._port, event) for _ in self._times()]
        self._row("the very first start, its project made", bar, *firsts)

    def _alone(self, amber: Amber) -> None:
        """What an edge takes with nothing else running; then a worker digests it, and the disk it takes is measured."""
        with amber.up():
            time.sleep(measures.IDLE_SECONDS)
            disk, before = amber.disk(), amber.kept()
        runs = [measures.accepted_alone(amber, self._load, self._plan.large) for _ in self._times()]
        self._row(ACCEPTED, Bar(4000, times=25, unit="/s"), *(sent.per_second for sent in runs))
        events = sum(sent.events for sent in runs)
        with amber.up():
            until_stored(amber.kept, before + events)
            time.sleep(measures.IDLE_SECONDS)  # the bus drops the files of what was taken from it
            each = [(now - then) / events / 1024 for now, then in zip(amber.disk(), disk, strict=True)]
        self._row("disk per large event", Bar(4, is_most=True, unit="KB"), sum(each))
        self._notes.append(f"disk per large event: {each[0]:.1f} KB in the database, {each[1]:.1f} KB in the bus")

    def _steady(self, amber: Amber) -> None:
        """At 200 events a second: how long accepting takes, and until an event shows."""
        with amber.up():
            runs = [measures.visible(amber, self._load, self._plan.steady, 200) for _ in self._times()]
        self._row("accept latency at 200/s, p50", Bar(3, is_most=True, unit="ms"), *(sent.p50 for sent, _ in runs))
        self._row("accept latency at 200/s, p99", Bar(15, is_most=True, unit="ms"), *(sent.p99 for sent, _ in runs))
        bar = Bar(1000, is_most=True, unit="ms")
        self._row("from accept to the issue list at 200/s, p99", bar, *(delay for _, delay in runs))

    def _under_load(self, amber: Amber) -> None:
        """As fast as it goes, with one worker and with two."""
        other = self._load.unlike()
        with amber.up():
            large = [measures.stored(amber, self._load, self._plan.large, "large") for _ in self._times()]
            small = [measures.stored(amber, self._load, self._plan.small, "small") for _ in self._times()]
            most = [measures.most_memory(amber, self._load, self._plan.large, "large")]
            most.append(measures.most_memory(amber, self._load, self._plan.small, "small"))
            unlike = [measures.stored(amber, other, min(self._plan.large, UNLIKE), "large") for _ in self._times()]
            amber.another_worker()
            two = [measures.stored(amber, self._load, self._plan.large, "large") for _ in self._times()]
        self._row(
            "accepted and durable, while a worker digests", Bar(unit="/s"), *(run.sent.per_second for run in large)
        )
        self._row(STORED_LARGE, Bar(1500, times=35, unit="/s"), *(run.per_second for run in large))
        self._row("stored, large, no two alike", Bar(unit="/s"), *(run.per_second for run in unlike))
        self._row(STORED_SMALL, Bar(5000, unit="/s"), *(run.per_second for run in small))
        self._row("memory, under full load", Bar(500, is_most=True, unit="MB"), max(most))
        self._row("stored, large, two workers", Bar(unit="/s"), *(run.per_second for run in two))
        self._notes.append(measures.limits(large, two, os.cpu_count() or 1))
