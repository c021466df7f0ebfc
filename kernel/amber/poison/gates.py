"""What stops a consumer most of whose items end among the dead letters, and lets it go on once they no longer do."""

import contextlib
import logging
import time
from collections import deque

from msgspec import Struct

from amber.bus import PAUSES, Bus, pause_subject
from amber.bus.reading import read_json
from amber.errors import Reject
from amber.metrics import Metrics
from amber.poison.pausing import Pause, Pauses

log = logging.getLogger("amber.gates")
WINDOW, LEAST = 100, 20
"""How many of the last ends are looked at, and how few say nothing yet."""
PASSES = 3
"""Probes that must end well, one after the other, before a consumer goes on by itself."""
LONGEST_REST = 300.0
"""Seconds between two probes, at most."""


class Rules(Struct, frozen=True):
    """When to stop: at which share of dead letters. How many seconds to wait before the first probe; it doubles."""

    share: float = 0.5
    probe_after: float = 10.0


class Gate:
    """One consumer's. Everybody who serves the consumer in this process asks it before fetching."""

    def __init__(self, consumer: str, rules: Rules, pauses: Pauses, metrics: Metrics) -> None:
        self._consumer, self._rules, self._pauses = consumer, rules, pauses
        self._shown = metrics.paused.labels(consumer)
        self._shown.set(0)
        self._ends: deque[bool] = deque(maxlen=WINDOW)
        self._is_told, self._is_probing = True, False
        self._passes, self._rest, self._due = 0, rules.probe_after, 0.0
        self._dead = self._done = 0
        self.pause: Pause | None = None

    def count(self, dead: int, done: int, reason: str = "") -> None:
        """So many ended among the dead letters, the last of them for this reason, and so many well."""
        self._dead, self._done = self._dead + dead, self._done + done
        self._ends.extend([True] * dead + [False] * done)
        share, seen = sum(self._ends), len(self._ends)
        if self.pause is None and dead and seen >= LEAST and share >= self._rules.share * seen:
            self.close(Pause(self._consumer, time.time(), f"{share} of its last {seen} became dead letters: {reason}"))
            self._is_told = False

    def close(self, pause: Pause) -> None:
        """Stop until probes pass, or somebody says otherwise."""
        if self.pause is None:
            log.error("%s", pause.problem)
            self._passes, self._rest = 0, self._rules.probe_after
            self._due = time.monotonic() + self._rest
        self.pause = pause
        self._shown.set(1)

    def open(self) -> None:
        """Go on; what was counted before says nothing any more."""
        if self.pause is not None:
            log.warning("consumer %s goes on", self._consumer)
        self.pause, self._is_told = None, True
        self._ends.clear()
        self._shown.set(0)

    async def begin_probe(self) -> bool:
        """Whether the caller is to take one message now. Raises Unavailable."""
        if self.pause is not None and not self._is_told:
            await self._pauses.keep(self.pause)
            self._is_told = True
        if self.pause is None or self._is_probing or time.monotonic() < self._due:
            return False
        if self._consumer not in {pause.consumer for pause in await self._pauses.all()}:
            self.open()  # it was said while this process could not hear it
            return False
        self._is_probing, self._dead, self._done = True, 0, 0
        return True

    async def end_probe(self) -> None:
        """A probe has ended as was counted meanwhile; one that met nothing, or settled nothing, proves nothing.

        Raises Unavailable.
        """
        self._is_probing = False
        if self._dead:
            self._passes, self._rest = 0, min(LONGEST_REST, self._rest * 2)
            self._due = time.monotonic() + self._rest
        elif self._done:
            self._passes += 1
        if self._passes >= PASSES and self.pause is not None:
            with contextlib.suppress(Reject):  # somebody else said so before
                await self._pauses.resume(self._consumer)
            self.open()


class Gates:
    """The gates of one process, kept as everybody's pauses say."""

    def __init__(self, bus: Bus, rules: Rules, metrics: Metrics) -> None:
        self._bus, self._rules, self._metrics = bus, rules, metrics
        self._pauses = Pauses(bus)
        self._gates: dict[str, Gate] = {}
        self._known: dict[str, Pause] = {}

    async def start(self) -> None:
        """Learn which consumers are paused, and hear of it from now on. Raises Unavailable."""
        await self._bus.listen(PAUSES.subjects, self._hear)
        for pause in await self._pauses.all():
            self._known[pause.consumer] = pause

    def of(self, consumer: str) -> Gate:
        """A consumer's gate, the same for everybody who serves it."""
        if consumer not in self._gates:
            gate = self._gates[consumer] = Gate(consumer, self._rules, self._pauses, self._metrics)
            if consumer in self._known:
                gate.close(self._known[consumer])
        return self._gates[consumer]

    async def _hear(self, subject: str, data: bytes) -> None:
        consumer = subject.removeprefix(pause_subject(""))
        self._known.pop(consumer, None)
        with contextlib.suppress(Reject):  # an empty word is the end of a pause
            self._known[consumer] = read_json(data, Pause, "a pause")
        if consumer in self._gates:
            gate = self._gates[consumer]
            if consumer in self._known:
                gate.close(self._known[consumer])
            else:
                gate.open()

    def problems(self) -> tuple[str, ...]:
        """What keeps this process from working, one sentence for each paused consumer."""
        return tuple(gate.pause.problem for gate in self._gates.values() if gate.pause is not None)
