"""`make soak`: a million events through a running Amber, during which nothing may grow but the database."""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from bench.load import Load, until_stored
from bench.measures import whole
from bench.processes import Use, cpu_seconds, use
from bench.system import Amber
from bench.table import Bar, Row

CHUNK = 10_000
FLAT, GROWS = 1.1, 1.3
"""How many times its first value a figure may have at the end: what must be flat, and the cost per event."""


class Sample(Struct, frozen=True):
    """One chunk: events stored so far, what all processes held at its end, what the worker spent on each event."""

    stored: int
    held: Use
    micros: float
    per_second: float


def soak(folder: Path, port: int, events: int, payload: str) -> list[Sample]:
    """Send so many events, chunk after chunk; a sample of each."""
    load, amber = Load(folder / "load"), Amber(folder / "data", port)
    samples: list[Sample] = []
    with amber.up():
        while (done := len(samples) * CHUNK) < events:
            began = time.time()
            spent = cpu_seconds(amber.role("worker"))
            whole(load.send(amber.target, CHUNK, payload))
            until_stored(amber.counted, done + CHUNK)
            micros = (cpu_seconds(amber.role("worker")) - spent) / CHUNK * 1e6
            samples.append(Sample(done + CHUNK, use(amber.pids()), micros, CHUNK / (time.time() - began)))
            print(line(samples[-1]), flush=True)
        kept = amber.kept()
    if kept != len(samples) * CHUNK:
        sys.exit(f"{len(samples) * CHUNK} events were accepted and {kept} are kept")
    return samples


def line(sample: Sample) -> str:
    """One sample in words."""
    held = sample.held
    return (
        f"{sample.stored:>9,} events  {held.pss:6.0f} MB  {held.files:4} files  {held.threads:3} threads  "
        f"worker {sample.micros:5.0f} µs/event  {sample.per_second:6,.0f}/s"
    )


def rows(samples: list[Sample]) -> tuple[Row, ...]:
    """What grew: the last tenth of the samples beside the first, and the cost beside that at ten thousand events."""
    tenth = max(1, len(samples) // 10)
    first, last = samples[:tenth], samples[-tenth:]
    flat, cost = Bar(FLAT, is_most=True, unit="×"), Bar(GROWS, is_most=True, unit="×")
    few = (samples[1:4] or samples, samples[-3:])
    return (
        Row("memory, all processes, last tenth to first", flat, (_grown(first, last, lambda one: one.held.pss),)),
        Row("open files, last tenth to first", flat, (_grown(first, last, lambda one: one.held.files),)),
        Row("threads, last tenth to first", flat, (_grown(first, last, lambda one: one.held.threads),)),
        Row("worker's processor time per event, end to start", cost, (_grown(*few, lambda one: one.micros),)),
        Row("stored, all along", Bar(unit="/s"), tuple(one.per_second for one in samples)),
    )


def told(samples: list[Sample]) -> tuple[str, ...]:
    """The first, the middle and the last sample in words."""
    return tuple(" ".join(line(samples[place]).split()) for place in (0, len(samples) // 2, -1))


def _grown(before: list[Sample], after: list[Sample], figure: Callable[[Sample], float]) -> float:
    return float(statistics.median(map(figure, after)) / statistics.median(map(figure, before)))
