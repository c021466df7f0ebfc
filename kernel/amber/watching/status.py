"""Each process says every few seconds how it is, so that one of them can answer for all."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from amber.bus import STATUS, Bus
from amber.bus.reading import read_json
from amber.errors import Unavailable

PERIOD = 1.0
SILENT_AFTER = 6.0
"""Seconds after which a process that says nothing counts as gone."""
PROCESSES = ("memory_bytes", "restarts")
"""What is told of a plugin's own processes, and is None for one that has none."""


class Status(Struct, frozen=True):
    """What one process says of itself. `problems` keep it from working, one sentence each."""

    process: str
    role: str
    at: float
    metrics: str
    problems: tuple[str, ...] = ()
    plugins: tuple[dict[str, Any], ...] = ()


class Reporter:
    """Says how this process is, until cancelled."""

    def __init__(self, bus: Bus, take: Callable[[], Status]) -> None:
        self._bus, self._take = bus, take

    async def run(self) -> None:
        """Broadcast once a period; while the bus is away nobody could hear it anyway."""
        while True:
            with contextlib.suppress(Unavailable):
                await self._bus.broadcast(STATUS, msgspec.json.encode(self._take()))
            await asyncio.sleep(PERIOD)


class Board:
    """The latest word of every other process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: dict[str, tuple[float, Status]] = {}

    async def start(self, bus: Bus) -> None:
        """Begin to listen."""
        await bus.listen(STATUS, self.hear)

    async def hear(self, _: str, data: bytes) -> None:
        """Note what a process says. Raises Reject for what none says, which the bus notes and goes on."""
        status = read_json(data, Status, "a status")
        self._heard[status.process] = (self._clock(), status)

    def others(self, own: str) -> list[Status]:
        """The processes heard lately apart from `own`."""
        return [status for status in self.alive() if status.process != own]

    def alive(self) -> list[Status]:
        """The processes heard lately, by name."""
        limit = self._clock() - SILENT_AFTER
        self._heard = {name: heard for name, heard in self._heard.items() if heard[0] >= limit}
        return [self._heard[name][1] for name in sorted(self._heard)]


def merge_reports(own: Iterable[Mapping[str, Any]], others: Iterable[Status]) -> list[dict[str, Any]]:
    """Every plugin once: what it cost in all processes, and its state where it is worst."""
    merged = {row["name"]: dict(row) for row in own}
    for role, row in ((status.role, row) for status in others for row in status.plugins):
        known = merged.get(row["name"])
        if known is None:
            merged[row["name"]] = dict(row)
            continue
        known["calls"] += row["calls"]
        known["errors"] += row["errors"]
        known["refused"] += row.get("refused", 0)  # a process of an older version does not say
        for one in (one for one in PROCESSES if row.get(one) is not None):
            known[one] = (known.get(one) or 0) + row[one]
        known["p95_ms"] = max(known["p95_ms"], row["p95_ms"])
        known["last_error"] = known["last_error"] or row["last_error"]
        known["state"], known["reason"] = _worse(known, row, role)
    return list(merged.values())


def _worse(known: Mapping[str, Any], row: Mapping[str, Any], role: str) -> tuple[str, str]:
    """State and reason of a plugin of which another process says this."""
    if known["state"] == "running" and known["version"] != row["version"]:
        return "starting", f"a process still has version {row['version']} of it"
    is_better_known = known["state"] == "starting" == row["state"] and role == "worker"  # that starts it, and sees why
    is_worse = row["state"] != "running" and known["state"] == "running"
    told = row if is_worse or is_better_known or (known["state"], row["state"]) == ("starting", "failed") else known
    return told["state"], told["reason"]


def merge(own: str, own_text: str, others: Iterable[Status]) -> bytes:
    """Prometheus text of several processes in one, each sample with a `process` label."""
    families: dict[str, tuple[Metric, list[str]]] = {}
    for process, text in [(own, own_text), *((status.process, status.metrics) for status in others)]:
        for family in text_string_to_metric_families(text):
            _, lines = families.setdefault(family.name, (family, []))
            lines += [
                _line(sample.name, {**sample.labels, "process": process}, sample.value)
                for sample in family.samples
                if not sample.name.endswith("_created")  # when a counter was made tells nobody anything
            ]
    out: list[str] = []
    for name, (family, lines) in families.items():
        shown = f"{name}_total" if family.type == "counter" else name
        out += [f"# HELP {shown} {family.documentation}", f"# TYPE {shown} {family.type}", *lines]
    return ("\n".join(out) + "\n").encode()


def _line(name: str, labels: dict[str, str], value: float) -> str:
    return f"{name}{{{','.join(f'{key}={_quoted(text)}' for key, text in labels.items())}}} {value}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
