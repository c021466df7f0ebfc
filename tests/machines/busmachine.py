"""What every bus promises about queues and switches, whatever is done to it in whatever order."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from amber.bus import ITEMS, SWITCHES, Bus, Consumer, Message, switch_subject
from amber.errors import Unavailable

T = TypeVar("T")
SUBJECTS = ("amber.v1.item.0", "amber.v1.item.1")


class Kept(Struct):
    """What the model knows of a message in the queue: how often it came, and when it may come again at the soonest."""

    subject: str
    delivered: int = 0
    not_before: float = 0.0


class Held(Struct, frozen=True):
    """A message in the hands of one who reads."""

    reader: int
    message: Message


class BusMachine(RuleBasedStateMachine):
    """Subclasses say how to `begin`, how time passes and what a crash is.

    The model: what is `waiting`, by data (each is published with data of its own); what is `gone`, because it was
    acknowledged or taken out; which ids are known. `blurred` is what a crash may have undone: acknowledgements that had
    not reached the disk, and ids of messages that are gone.
    """

    ack_wait = 30.0
    patience = 0.0
    """Seconds a fetch waits."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.number = 0
        self.waiting: dict[bytes, Kept] = {}
        self.gone: set[bytes] = set()
        self.blurred: set[bytes] = set()
        self.ids: dict[str, bytes] = {}
        self.order: list[bytes] = []
        self.held: list[Held] = []
        self.switches: dict[str, bytes] = {}
        self.readers: dict[int, Consumer] = {}
        self.bus: Bus

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine answers in the machine's loop."""
        return self.runner.run(coroutine)

    def now(self) -> float:
        """Seconds."""
        raise NotImplementedError

    async def begin(self) -> Bus:
        """An empty bus."""
        raise NotImplementedError

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        raise NotImplementedError

    @initialize()
    def start(self) -> None:
        """Open the bus, with one who reads."""
        self.bus = self.run(self.begin())
        self.open_reader()

    @rule(subject=st.sampled_from(SUBJECTS), count=st.integers(1, 4))
    def publish(self, subject: str, count: int) -> None:
        """Messages without an id are kept each."""
        for _ in range(count):
            self._publish(subject, "")

    @rule(subject=st.sampled_from(SUBJECTS), id=st.sampled_from("abcd"))
    def publish_with_id(self, subject: str, id: str) -> None:
        """Of messages with one id the first is kept."""
        known = self.ids.get(id)
        if known is not None and known in self.blurred:
            return  # after a crash nobody knows whether it is known
        self._publish(subject, id, is_kept=known is None)

    def _publish(self, subject: str, id: str, is_kept: bool = True) -> None:
        self.number += 1
        data = b"%d" % self.number
        self.run(self.bus.publish(subject, data, id))
        if is_kept:
            self.waiting[data] = Kept(subject)
            self.order.append(data)
            if id:
                self.ids[id] = data

    @precondition(lambda self: len(self.readers) < 3)
    @rule()
    def open_reader(self) -> None:
        """Open the one consumer under its name once more."""
        reader = self.run(self.bus.consume(ITEMS, "c", [ITEMS.subjects], self.ack_wait))
        self.readers[max(self.readers, default=0) + 1] = reader

    @precondition(lambda self: len(self.readers) > 1)
    @rule(data=st.data())
    def close_reader(self, data: st.DataObject) -> None:
        """Who reads lets go with messages in hand: they come again to another."""
        number = data.draw(st.sampled_from(sorted(self.readers)))
        self.run(self.readers.pop(number).close())
        self.held = [held for held in self.held if held.reader != number]

    @rule(data=st.data(), limit=st.integers(1, 5))
    def fetch(self, data: st.DataObject, limit: int) -> None:
        """Nothing comes that is gone, or in hand, or more often than it says; what is new comes in its order."""
        number = data.draw(st.sampled_from(sorted(self.readers)))
        self._fetch(number, limit)

    def _fetch(self, number: int, limit: int) -> list[Message]:
        before = self.now()
        found = self.run(self.readers[number].fetch(limit, self.patience))
        assert len(found) <= limit
        for message in found:
            self._came(number, message, before)
        firsts = [message.seq for message in found if message.delivered == 1]
        assert firsts == sorted(firsts)
        return found

    def _came(self, number: int, message: Message, before: float) -> None:
        data = message.data
        if data in self.gone and data in self.blurred:
            self._is_back(data, message)
        assert data not in self.gone, f"{data!r} was acknowledged or taken out, and came again"
        kept = self.waiting[data]
        assert message.subject == kept.subject
        assert before >= kept.not_before - 0.05 or data in self.blurred, f"{data!r} was in hand, and came again"
        if data not in self.blurred:
            assert message.delivered == kept.delivered + 1
        if kept.delivered == 0:
            earlier = [one for one in self.order[: self.order.index(data)] if one in self.waiting]
            assert all(self.waiting[one].delivered for one in earlier), f"{data!r} came before what was published first"
        kept.delivered = message.delivered
        kept.not_before = before + self.ack_wait
        self.held = [held for held in self.held if held.message.data != data]
        self.held.append(Held(number, message))

    def _is_back(self, data: bytes, message: Message) -> None:
        self.gone.discard(data)
        self.waiting[data] = Kept(message.subject, message.delivered - 1)

    def _take(self, data: st.DataObject) -> Held:
        return self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        """Done: it never comes again."""
        held = self._take(data)
        self.run(self.readers[held.reader].ack(held.message))
        self._forget(held.message.data)

    def _forget(self, data: bytes) -> None:
        del self.waiting[data]
        self.gone.add(data)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.5, 2.0]))
    def nak(self, data: st.DataObject, share: float) -> None:
        """Again, after a delay."""
        held = self._take(data)
        delay = share * self.ack_wait
        before = self.now()
        self.run(self.readers[held.reader].nak(held.message, delay))
        self.waiting[held.message.data].not_before = before + delay

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def progress(self, data: st.DataObject) -> None:
        """Still at it: it comes again later than it would have."""
        held = data.draw(st.sampled_from(self.held))
        kept = self.waiting[held.message.data]
        before = self.now()
        if before > kept.not_before - 0.1:
            return  # it may be on its way to somebody else already
        self.run(self.readers[held.reader].progress(held.message))
        kept.not_before = before + self.ack_wait

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Taken out by hand, once."""
        stored = self.run(self.bus.browse(ITEMS, 0, 1000))
        chosen = data.draw(st.sampled_from([one for one in stored if one.data in self.waiting]))
        assert self.run(self.bus.delete(ITEMS, chosen.seq)) is True
        assert self.run(self.bus.delete(ITEMS, chosen.seq)) is False
        self._forget(chosen.data)
        self.held = [held for held in self.held if held.message.data != chosen.data]

    @rule(share=st.sampled_from([0.2, 0.6, 1.1]))
    def wait(self, share: float) -> None:
        """Time passes, as a share of what a message may be in hand for."""
        self.run(self.pass_time(share * self.ack_wait))

    @rule(plugin=st.sampled_from("xyz"), word=st.binary(min_size=1, max_size=3))
    def switch(self, plugin: str, word: bytes) -> None:
        """Of each switch the last word is kept."""
        self.run(self.bus.publish(switch_subject(plugin), word))
        self.switches[switch_subject(plugin)] = word

    @invariant()
    def every_switch_says_its_last_word(self) -> None:
        """… and nothing else is there."""
        if self.readers:
            found = self.run(self.bus.browse(SWITCHES, 0, 1000))
            assert [message.subject for message in found] == list(dict.fromkeys(m.subject for m in found))
            assert {message.subject: message.data for message in found} == self.switches

    @invariant()
    def what_waits_is_what_was_not_acknowledged(self) -> None:
        """Counted and browsed, as soon as the bus has noted every acknowledgement; in order."""
        if self.readers:
            self.run(self._settled(is_blurred=bool(self.gone & self.blurred)))

    async def _settled(self, is_blurred: bool) -> None:
        wanted = [data for data in self.order if data in self.waiting]
        reader = next(iter(self.readers.values()))
        while True:  # the server alone knows when it has noted an acknowledgement; the test's time limit ends this
            browsed = [message.data for message in await self.bus.browse(ITEMS, 0, 1000)]
            assert set(wanted) <= set(browsed), "something is lost"
            if is_blurred or (browsed == wanted and await reader.waiting() == len(wanted)):
                return
            await asyncio.sleep(0.01)

    def teardown(self) -> None:
        """Whatever was not acknowledged comes once more, in time; then the queue is empty."""
        try:
            if self.readers:
                self._drain()
        finally:
            self.run(self.end())
            self.runner.close()

    def _drain(self) -> None:
        self.run(self.pass_time(2.2 * self.ack_wait))
        number = next(iter(self.readers))
        while self.waiting:
            for message in self._fetch(number, 100):
                self.run(self.readers[number].ack(message))
                self._forget(message.data)
            if self.waiting:
                self.run(self.pass_time(self.ack_wait / 4))

    async def end(self) -> None:
        """Let go of everything."""
        try:
            await self.bus.close()
        except (AttributeError, Unavailable):  # it never began
            return
