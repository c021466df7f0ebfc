"""What one process counts, in Prometheus's form, and what its plugins cost."""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from itertools import accumulate

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = Histogram.DEFAULT_BUCKETS
"""Seconds, the last of them infinite: how the times of hook calls are told."""
RECENT = 512
"""Calls of a plugin that its 95th percentile is taken over."""


class PluginCost(Struct, frozen=True):
    """What a plugin did in this process; `p95` is in seconds, over its latest calls, `refused` counts its oversteps."""

    calls: int = 0
    errors: int = 0
    refused: int = 0
    p95: float = 0.0
    last_error: str = ""


class _Ledger:
    """What a plugin did so far, kept as it happens: this is on the way of every request."""

    def __init__(self) -> None:
        self.calls = self.errors = self.refused = 0
        self.last_error = ""
        self.recent: deque[float] = deque(maxlen=RECENT)


class _Meter:
    """What one hook of one plugin is counted on: plain numbers, since many are called for every request."""

    def __init__(self, ledger: _Ledger) -> None:
        self.ledger = ledger
        self.seconds = 0.0
        self.within = [0] * len(BOUNDS)

    def count(self, seconds: float) -> None:
        self.seconds += seconds
        self.within[bisect_left(BOUNDS, seconds)] += 1
        self.ledger.calls += 1
        self.ledger.recent.append(seconds)

    def buckets(self) -> list[tuple[str, float]]:
        """How many calls took up to so many seconds, as Prometheus wants it."""
        names = (*map(str, BOUNDS[:-1]), "+Inf")
        return list(zip(names, accumulate(self.within), strict=True))


class _Meters(Collector):
    """The meters of a process by plugin and hook. For one thread, in which all hooks are called."""

    def __init__(self) -> None:
        self._meters: dict[tuple[str, str], _Meter] = {}
        self._ledgers: dict[str, _Ledger] = {}

    def meter(self, plugin: str, hook: str) -> _Meter:
        found = self._meters.get((plugin, hook))
        if found is None:
            found = self._meters[plugin, hook] = _Meter(self.ledger(plugin))
        return found

    def ledger(self, plugin: str) -> _Ledger:
        return self._ledgers.setdefault(plugin, _Ledger())

    def collect(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("amber_plugin_calls", "Hook calls", labels=("plugin", "hook"))
        seconds = HistogramMetricFamily("amber_plugin_seconds", "Time in hook calls", labels=("plugin", "hook"))
        for labels, meter in list(self._meters.items()):
            calls.add_metric(labels, sum(meter.within))
            seconds.add_metric(labels, meter.buckets(), meter.seconds)
        yield from (calls, seconds)


class Metrics:
    """The counters of one process; each kernel has its own, so that two can live side by side."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("amber_requests", "Requests to ingest routes", "protocol", "status")
        self.received = self._counter("amber_items_received", "Items answered 200 and durable", "category")
        self.outcomes = self._counter("amber_items", "Items by what became of them", "category", "outcome")
        self.digested = self._counter("amber_frames_digested", "Frames a worker is done with", "result")
        self.dead = self._counter("amber_dead_letters", "Dead letters", "stream", "plugin")
        self.errors = self._counter("amber_plugin_errors", "Hook calls that failed", "plugin", "hook", "error")
        self.refusals = self._counter("amber_plugin_refusals", "What plugins may not do", "plugin", "right")
        self.publish_seconds = Histogram("amber_publish_seconds", "Until a frame is durable", registry=self.registry)
        self.digest_seconds = Histogram("amber_digest_seconds", "Until a batch is stored", registry=self.registry)
        self.lag = Gauge("amber_digest_lag", "Frames that wait to be digested", registry=self.registry)
        self.paused = Gauge(
            "amber_consumer_paused", "1 while a consumer is paused", ("consumer",), registry=self.registry
        )
        self._meters = _Meters()
        self.registry.register(self._meters)
        self._requests: dict[tuple[str, int], Counter] = {}
        self._received: dict[str, Counter] = {}
        self._counters: dict[str, Counter] = {}
        self._lock = threading.Lock()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def counter(self, name: str, what: str, *labels: str) -> Counter:
        """A plugin's own counter, made when it is first asked for."""
        with self._lock:
            if name not in self._counters:
                self._counters[name] = self._counter(name, what, *labels)
            return self._counters[name]

    def answered(self, protocol: str, status: int) -> None:
        """Count one answer to an ingest request."""
        counter = self._requests.get((protocol, status))
        if counter is None:  # remembered, because finding it by its labels costs more than counting
            counter = self._requests[protocol, status] = self.requests.labels(protocol, str(status))
        counter.inc()

    def took(self, category: str, quantity: int) -> None:
        """Count items that were answered 200 and are durable."""
        counter = self._received.get(category)
        if counter is None:
            counter = self._received[category] = self.received.labels(category)
        counter.inc(quantity)

    def called(self, plugin: str, hook: str, seconds: float, error: str = "", kind: str = "") -> None:
        """Count one hook call; `error` is what went wrong, `kind` its class."""
        meter = self._meters.meter(plugin, hook)
        meter.count(seconds)
        if error:
            self.errors.labels(plugin, hook, kind).inc()
            meter.ledger.errors += 1
            meter.ledger.last_error = error

    def refused(self, plugin: str, right: str, why: str) -> None:
        """Count that a plugin wanted what one of its rights does not give it; from any thread."""
        self.refusals.labels(plugin, right).inc()
        with self._lock:
            ledger = self._meters.ledger(plugin)
            ledger.refused += 1
            ledger.last_error = why

    def cost(self, plugin: str) -> PluginCost:
        """What a plugin has cost so far."""
        ledger = self._meters.ledger(plugin)
        recent = sorted(ledger.recent)
        p95 = recent[int(len(recent) * 0.95)] if recent else 0.0
        return PluginCost(ledger.calls, ledger.errors, ledger.refused, p95, ledger.last_error)

    def lag_from(self, measure: Callable[[], float]) -> None:
        """Read the lag with this function whenever somebody asks."""
        self.lag.set_function(measure)

    def render(self) -> bytes:
        """All of it as Prometheus text."""
        return generate_latest(self.registry)
