"""What is measured of a running Amber, each figure by one function; see `docs/explanation/performance.md`."""

import shutil
import statistics
import sys
import time
from pathlib import Path

from msgspec import Struct

from bench.load import Load, Sent, Target, until_stored
from bench.processes import Watch, cpu_seconds, use
from bench.system import Amber, post

IDLE_SECONDS = 10.0


class Stored(Struct, frozen=True):
    """One load until all of it was visible: events a second, and what was accepted a second."""

    per_second: float
    sent: Sent
    spent: dict[str, float]
    """Seconds of processor time by role, and `wall`: seconds by the clock."""


def whole(sent: Sent) -> Sent:
    """The load, of which nothing was refused. Ends the program otherwise: what is refused is not measured."""
    if sent.refused:
        sys.exit(f"{sent.refused} of {sent.events} events were refused")
    return sent


def stored(amber: Amber, load: Load, events: int, payload: str) -> Stored:
    """Send events as fast as they are taken, and wait until the issue list counts every one."""
    before, spent = amber.counted(), _spent(amber)
    sent = whole(load.send(amber.target, events, payload))
    seconds = until_stored(amber.counted, before + events) - sent.started
    after = _spent(amber)
    used = {role: round(after[role] - spent[role], 2) for role in spent} | {"wall": round(seconds, 2)}
    return Stored(events / seconds, sent, used)


def most_memory(amber: Amber, load: Load, events: int, payload: str) -> float:
    """The most MB all processes held during a load of its own: adding up their pages halts them again and again."""
    with Watch(amber.pids) as watch:
        stored(amber, load, events, payload)
    return watch.most.pss


def _spent(amber: Amber) -> dict[str, float]:
    return {role: cpu_seconds(amber.role(role)) for role in ("edge", "worker", "nats")}


def accepted_alone(amber: Amber, load: Load, events: int) -> Sent:
    """Large events taken by an edge with nothing else running; a worker then digests them."""
    with amber.edge_alone():
        return whole(load.send(amber.target, events, "large"))


def visible(amber: Amber, load: Load, events: int, rate: int) -> tuple[Sent, float]:
    """At a steady rate: the load, and the 99th percentile of milliseconds until an event shows in the issue list.

    The list's own counter is watched every few milliseconds. The n-th event counts as visible when it reaches n, and
    as sent when it was due, which is before it was accepted; so this is never less than from accept to visible.
    """
    before = amber.counted()
    sent, seen = load.watched(amber.target, events, "large", rate, lambda: amber.counted() - before)
    return whole(sent), percentile(delays(seen, sent.started, rate), 0.99) * 1000


def delays(seen: list[tuple[float, int]], started: float, rate: float) -> list[float]:
    """Seconds from when each event was due until it was seen."""
    found, known = [], 0
    for at, number in seen:
        found += [at - (started + place / rate) for place in range(known, number)]
        known = max(known, number)
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def idle_memory(amber: Amber) -> float:
    """MB of all processes some seconds after the start."""
    time.sleep(IDLE_SECONDS)
    return use(amber.pids()).pss


def cold_start(amber: Amber, event: bytes) -> float:
    """Seconds from `amber up` on a folder that was up before until it has accepted an event."""
    began = time.monotonic()
    amber.launch()
    try:
        return until_taken(amber.target, event) - began
    finally:
        amber.stop()


def first_start(folder: Path, port: int, event: bytes) -> float:
    """Seconds from the very first `amber up` until it has said where events go and accepted one."""
    fresh, began = Amber(folder / "first", port), time.monotonic()
    with fresh.up():
        taken = until_taken(fresh.target, event)
    shutil.rmtree(fresh.data)
    return taken - began


def until_taken(target: Target, event: bytes) -> float:
    """When the first 200 came."""
    while post(target, event) != 200:
        time.sleep(0.01)
    return time.monotonic()


def limits(one: list[Stored], two: list[Stored], cores: int) -> str:
    """What two workers did to the throughput, and where the processor time went."""
    gain = statistics.median(run.per_second for run in two) / statistics.median(run.per_second for run in one)
    spent, events = two[0].spent, two[0].sent.events
    roles = {role: seconds for role, seconds in spent.items() if role != "wall"}
    share = sum(roles.values()) / (spent["wall"] * cores)
    costs = ", ".join(f"{role} {seconds / events * 1e6:,.0f} µs" for role, seconds in roles.items())
    return (
        f"two workers store {gain:.2f} × what one does; with two, an event costs {costs} of processor time, "
        f"which keeps {share:.0%} of {cores} cores busy beside the load generator"
    )
