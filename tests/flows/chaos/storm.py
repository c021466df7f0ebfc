"""What befalls Amber, chosen by a seed: which part, what happens to it, and for how long."""

import random
import signal
import time
from collections.abc import Callable

from msgspec import Struct

from .system import System, signal_all

LONGEST = 7.0
"""Seconds a disaster may last: longer than a worker's `ack_wait`, a publish, and a check of health."""
AN_HOUR = 3600


class Disaster(Struct):
    """Something that begins and ends."""

    what: str
    begin: Callable[[], None]
    end: Callable[[], None]
    until: float = 0.0


class Storm:
    """Lets disasters begin and end for some seconds; several may be at work at once. `story` is what happened when."""

    def __init__(self, system: System, seed: int, tell: Callable[[str], None]) -> None:
        self._system, self._random, self._tell = system, random.Random(seed), tell
        self._began = time.monotonic()
        self.story: list[str] = []

    def blow(self, seconds: float) -> None:
        """Blow for so long, then let everything live."""
        at_work: list[Disaster] = []
        while time.monotonic() - self._began < seconds:
            disaster = self._choose()
            if disaster.what not in {other.what for other in at_work}:
                disaster.until = time.monotonic() + self._random.uniform(0.1, LONGEST)
                self._note(disaster.what)
                disaster.begin()
                at_work.append(disaster)
            time.sleep(self._random.uniform(0.2, 2.5))  # the pace of the storm, not a wait for something
            at_work = self._end(at_work, time.monotonic())
        self._end(at_work, float("inf"))
        self._system.clock.move(0)

    def _end(self, at_work: list[Disaster], now: float) -> list[Disaster]:
        for disaster in at_work:
            if disaster.until <= now:
                disaster.end()
                self._note(f"over: {disaster.what}")
        return [disaster for disaster in at_work if disaster.until > now]

    def _note(self, what: str) -> None:
        line = f"{time.monotonic() - self._began:7.2f} s  {what}"
        self.story.append(line)
        self._tell(line)

    def _choose(self) -> Disaster:
        """Drawn so that the same seed draws the same, whatever is alive right now."""
        kinds = [self._kill] * 2 + [self._freeze] * 2 + [self._cut] * 2 + [self._jump, self._read_only]
        kind = self._random.choice(kinds)
        return kind(self._random.random())

    def _part(self, dice: float) -> str:
        return self._system.parts[int(dice * len(self._system.parts))]

    def _kill(self, dice: float) -> Disaster:
        part = self._part(dice)
        return Disaster(
            f"kill -9 {part}",
            lambda: signal_all(self._system.pids(part), signal.SIGKILL),
            lambda: self._system.revive(part),
        )

    def _freeze(self, dice: float) -> Disaster:
        part, frozen = self._part(dice), list[int]()

        def begin() -> None:
            frozen.extend(self._system.pids(part))
            signal_all(frozen, signal.SIGSTOP)

        return Disaster(f"freeze {part}", begin, lambda: signal_all(frozen, signal.SIGCONT))

    def _cut(self, dice: float) -> Disaster:
        links = sorted(self._system.links)
        which = dice * len(links)
        link = self._system.links[links[int(which)]]
        ways = {"refuse": link.refuse, "stall": link.stall, "reset": link.reset}
        way = sorted(ways)[int(which % 1 * 3)]
        return Disaster(f"{way} {links[int(which)]}", ways[way], link.mend)

    def _jump(self, dice: float) -> Disaster:
        seconds = int((dice - 0.5) * 12 * AN_HOUR)
        return Disaster(
            f"the clock jumps by {seconds} s",
            lambda: self._system.clock.move(seconds),
            lambda: self._system.clock.move(0),
        )

    def _read_only(self, _: float) -> Disaster:
        return Disaster(
            "nobody may write to the database",
            lambda: self._system.may_write(False),
            lambda: self._system.may_write(True),
        )
