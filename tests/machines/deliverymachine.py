"""What delivery promises of every message, whatever its handler says, however often workers die, whatever the bus does.

The delivery, its gate, its suspects and their journal are the real ones, on the bus in memory; the loop's clock moves
only when nothing else is left to do, so that hours pass in no time.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from amber.bus import DEAD, ITEMS, Consumer, Message
from amber.delivering.delivery import DeadLetters, Delivery, Terms, Verdict
from amber.desks.deadletters import LetterDesk, Parts
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.metrics import Metrics
from amber.poison.gates import Gate, Gates, Rules
from amber.poison.journal import Journal
from amber.poison.pausing import Pauses
from amber.poison.suspects import STRIKES, Suspects
from amber.testing.memorybus import MemoryBus
from amber.testing.stores import audit

from .line import Line
from .virtual import VirtualLoop

T = TypeVar("T")
SIDE_BY_SIDE = 2
"""Deliveries of one worker from one consumer."""
TERMS = Terms(ITEMS, "digest", batch=4, attempts=3, wait=1.0, ack_wait=30.0)
VERDICTS: dict[str, Callable[[], Verdict]] = {
    "done": lambda: None,
    "raises": lambda: ValueError("oh"),
    "plugin": lambda: PluginError("p", "on_fact", "broken"),
    "later": lambda: Retry(7),
    "reject": lambda: Reject("never"),
    "away": lambda: Unavailable("the store is away"),
}
KILLS, DEADLY = "kills", "deadly"
"""Its worker dies of it: this once, or every time."""
SCRIPTS = st.lists(st.sampled_from([*sorted(VERDICTS), KILLS, DEADLY]), max_size=5)


class Fate(Struct):
    """What a message's handler will say and has said, how long it takes, and what its worker has been through.

    `deaths`: how often a worker died with nothing else under way. `spoiled`: how often it may have come again although
    it was in hand or done. `is_buried`: it was counted as dead. `is_torn`: its worker died after it wrote the letter.
    """

    script: list[str]
    seconds: float
    said: list[str]
    deaths: int = 0
    deliveries: int = 0
    spoiled: int = 0
    is_buried: bool = False
    is_torn: bool = False

    @property
    def is_done(self) -> bool:
        """Whether its handler said so."""
        return "done" in self.said


class DeliveryMachine(RuleBasedStateMachine):
    """Workers, one after the other, over the bus in memory; time passes when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        clock = SimpleNamespace(monotonic=self.loop.time, time=self.loop.time)
        self.patches = [patch(f"amber.{module}.time", clock) for module in ("testing.memorybus", "poison.gates")]
        for one in self.patches:
            one.start()
        self.folder = Path(tempfile.mkdtemp(prefix="amber-delivery-"))
        self.bus = MemoryBus()
        nobody = SimpleNamespace(project=lambda _: None, note_change=lambda _: None)
        self.desk = LetterDesk(Parts(lambda: self.bus, lambda: nobody, lambda: nobody))
        self.fates: dict[bytes, Fate] = {}
        self.dying = asyncio.Event()
        self.line: Line
        self.journal: Journal
        self.deliveries: list[Delivery] = []
        self.gate: Gate
        self.consumer: Consumer
        self.serving: list[asyncio.Task[None]] = []
        self.is_store_away = False
        self.outside: list[asyncio.Task[Any]] = []  # who starts workers, and whoever does something now

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine answers that is no part of a worker, and does not die with one."""
        task = self.loop.create_task(coroutine)
        self.outside[1:] = [task]
        return self.loop.run_until_complete(task)

    # --- workers ------------------------------------------------------------------------------------------------------

    @initialize()
    def open(self) -> None:
        """One consumer of everything, a worker, and who starts another one when it dies."""
        self.run(self._open())

    async def _open(self) -> None:
        self.consumer = await self.bus.consume(ITEMS, "c", [ITEMS.subjects], TERMS.ack_wait)
        await self._employ()
        self.outside.insert(0, asyncio.create_task(self._supervise()))

    async def _employ(self) -> bool:
        """Start a worker; False where it could not begin."""
        self.line = Line(self.bus, self._is_asked, self._is_taken)
        self.journal = Journal(self.folder / "0.journal")
        suspects, metrics = Suspects(self.line, self.journal), Metrics()
        gates = Gates(self.line, Rules(probe_after=10.0), metrics)
        try:
            await suspects.start()
            await gates.start()
            consumer = await self.line.consume(ITEMS, "c", [ITEMS.subjects], TERMS.ack_wait)
        except Unavailable:
            self.journal.close()
            return False
        self.gate = gates.of("digest")
        self.deliveries = [
            Delivery(consumer, self.handle, TERMS, DeadLetters(self.line, metrics)) for _ in range(SIDE_BY_SIDE)
        ]
        for one in self.deliveries:
            one.on_dead = self._bury
            one.watch(suspects)
            one.heed(self.gate)
        self.serving = [asyncio.create_task(one.run()) for one in self.deliveries]
        return True

    async def _supervise(self) -> None:
        while True:
            await self.dying.wait()
            await self._die()
            self.dying.clear()
            while not await self._employ():
                await asyncio.sleep(1)

    async def _die(self) -> None:
        """As `kill -9` does it: nothing is written any more, nothing goes over the line, no task goes on."""
        letters = {letter.data for letter in self.letters()}
        self.journal.close()
        under_way = [data for data, is_under_way in self.line.held.items() if is_under_way]
        for data in self.line.cut():
            self.fates[data].deaths += under_way == [data]
            self.fates[data].is_torn |= data in letters
            self.fates[data].spoiled += self.fates[data].is_done
        rest = [task for task in asyncio.all_tasks() if task not in self.outside]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    # --- what happens to messages -------------------------------------------------------------------------------------

    def _is_taken(self, message: Message, again: bool) -> None:
        fate = self.fates[message.data]
        assert not again or fate.spoiled, f"{message.data!r} is in hand, and came again"
        assert not fate.is_done or fate.spoiled, f"{message.data!r} was done, and came again"
        fate.deliveries += 1

    def _is_asked(self, limit: int) -> None:
        assert limit == 1 or self.gate.pause is None, "a paused consumer takes one message at a time"

    async def handle(self, messages: Sequence[Message]) -> list[Verdict]:
        """Each message's verdict by its script, after the time the slowest takes. What was done stays done."""
        fates = [self.fates[message.data] for message in messages]
        self.line.held.update((message.data, True) for message in messages)
        await asyncio.sleep(max(fate.seconds for fate in fates))
        if self.is_store_away:
            return [Unavailable("the store is away")] * len(fates)
        if any(fate.script[:1] in ([KILLS], [DEADLY]) for fate in fates):
            for fate in fates:
                fate.script[:] = fate.script[fate.script[:1] == [KILLS] :]
            self.dying.set()
            await asyncio.Event().wait()
        return [self._verdict(fate) for fate in fates]

    async def _bury(self, message: Message, _: Exception) -> None:
        """Count it as dead, which happens once however often it is said; a moment after its letter is written."""
        await self.line.pass_moment()
        self.fates[message.data].is_buried = True

    def _verdict(self, fate: Fate) -> Verdict:
        if fate.is_buried:
            return None  # its mark is known: only the acknowledgement was lost
        said = "done" if fate.is_done or not fate.script else fate.script.pop(0)
        fate.said.append(said)
        return VERDICTS[said]()

    # --- rules --------------------------------------------------------------------------------------------------------

    @rule(script=SCRIPTS, seconds=st.sampled_from([0.0, 0.0, 1.0, 50.0]))
    def publish(self, script: list[str], seconds: float) -> None:
        """A message with what its handler will say, and when."""
        self._publish(list(script), seconds)

    @precondition(lambda self: len(self.fates) < 80)
    @rule(said=st.sampled_from(["reject", "done"]))
    def publish_many(self, said: str) -> None:
        """Enough to pause a consumer, or to let it go on."""
        for _ in range(25):
            self._publish([said], 0.0)

    def _publish(self, script: list[str], seconds: float) -> None:
        if not self.bus.is_up:
            return
        data = b"%d" % len(self.fates)
        self.fates[data] = Fate(script, seconds, [])
        self.run(self.bus.publish("amber.v1.item.0", data))

    @rule(seconds=st.sampled_from([0.03, 0.1, 0.6, 5.0, 40.0, 400.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.run(asyncio.sleep(seconds))

    @rule()
    def kill(self) -> None:
        """The worker is killed with whatever it has in hand; another begins."""
        self.dying.set()
        self.run(asyncio.sleep(0.05))

    @rule()
    def relieve(self) -> None:
        """The worker is told to stop, and another begins when it has."""
        self.run(self._relieve())

    async def _relieve(self) -> None:
        deliveries = self.deliveries
        for one in deliveries:
            one.stop()
        await asyncio.sleep(300)
        if deliveries is self.deliveries:
            assert all(task.done() for task in self.serving), "it does not stop"
            assert not self.line.held, "it stopped with messages in hand"
            self.dying.set()
            await asyncio.sleep(0.05)

    @rule(seconds=st.sampled_from([0.5, 20.0, 100.0]))
    def bus_goes(self, seconds: float) -> None:
        """For a while the bus takes and gives nothing; acknowledgements are lost."""
        for data in self.line.held:
            self.fates[data].spoiled += 1
        self.bus.is_up = False
        self.run(asyncio.sleep(seconds))
        self.bus.is_up = True

    @rule()
    def store_goes_or_comes(self) -> None:
        """What handlers stand on is away from now on, or is back."""
        self.is_store_away = not self.is_store_away

    @precondition(lambda self: self.gate.pause is not None)
    @rule()
    def resume(self) -> None:
        """Somebody says that the consumer may go on."""
        self.run(self._resume())

    async def _resume(self) -> None:
        if any(pause.consumer == "digest" for pause in await Pauses(self.bus).all()):
            await Pauses(self.bus).resume("digest")
            assert self.gate.pause is None

    @precondition(lambda self: self._settled_letters())
    @rule(data=st.data(), script=SCRIPTS)
    def hand_back(self, data: st.DataObject, script: list[str]) -> None:
        """A dead letter is tried again, as if it came for the first time."""
        letter = data.draw(st.sampled_from(self._settled_letters()))
        fate = self.fates[letter.data]
        if not fate.is_done:
            self.fates[letter.data] = Fate(list(script), fate.seconds, [])
        # In a loop of its own, because it does something in a thread, which a clock like ours would not wait for.
        assert asyncio.run(self.desk.retry([letter.seq], None, audit())) == 1

    def _settled_letters(self) -> list[Message]:
        """Those whose original will not come again, because its acknowledgement was not lost."""
        waiting = {message.data for message in self.bus.stored(ITEMS).values()}
        return [letter for letter in self.letters() if letter.data not in waiting]

    # --- what must always be so ---------------------------------------------------------------------------------------

    def letters(self) -> list[Message]:
        """Every dead letter."""
        return list(self.bus.stored(DEAD).values())

    @invariant()
    def nobody_falls_over(self) -> None:
        """A worker serves until it dies or is told to stop."""
        for task in self.serving:
            if task.done() and not task.cancelled():
                task.result()

    @invariant()
    def each_ends_once(self) -> None:
        """Done or dead and never twice; dead only for reasons of its own; nothing is lost."""
        dead = [letter.data for letter in self.letters()]
        twice = {data for data, letters in Counter(dead).items() if letters > 1}
        assert all(self.fates[data].is_torn or self.fates[data].spoiled for data in twice)  # by another plugin's name
        waiting = {message.data for message in self.bus.stored(ITEMS).values()}
        for data, fate in self.fates.items():
            assert fate.is_done or data in dead or data in waiting, f"{data!r} is lost after {fate}"
        for data in dead:
            assert self._may_be_dead(self.fates[data]), f"{data!r} is dead after {self.fates[data]}"

    def _may_be_dead(self, fate: Fate) -> bool:
        # One that came again while it was in hand is in two hands: what any of them was told may be its end.
        said = set(fate.said if fate.spoiled else fate.said[-1:])
        has_failed = bool(said & {"raises", "plugin"}) and fate.deliveries >= TERMS.attempts
        has_reason = "reject" in said or has_failed or fate.deaths >= STRIKES
        if fate.is_done:  # its worker died before it could say so, or between writing its letter and counting it
            return fate.is_torn or (fate.spoiled > 0 and has_reason)
        return has_reason

    def teardown(self) -> None:
        """In the end nothing waits any more, and every message is done or dead."""
        try:
            if self.outside:
                self.run(self._finish())
                self.each_ends_once()
                assert {letter.data for letter in self.letters()} >= {
                    data for data, fate in self.fates.items() if not fate.is_done
                }
                self.outside.clear()
                self.run(self._die())
        finally:
            self.loop.close()
            for one in self.patches:
                one.stop()
            shutil.rmtree(self.folder)

    async def _finish(self) -> None:
        self.is_store_away = False
        for minute in range(100 + 20 * len(self.fates)):
            if not await self.consumer.waiting():
                return
            await asyncio.sleep(60)
            self.nobody_falls_over()
            if minute > 60:  # for an hour it has gone on by itself, one message after the other
                await self._resume()
        raise AssertionError("there are messages that never end")
