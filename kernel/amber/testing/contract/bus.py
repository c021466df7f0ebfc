"""What every bus promises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import uuid4

import pytest

from amber.bus import (
    DEAD,
    FACTS,
    ITEMS,
    STATUS,
    SWITCHES,
    TASKS,
    Bus,
    Consumer,
    Message,
    Standing,
    dead_subject,
    fact_subject,
    switch_subject,
    task_subject,
)
from amber.errors import Unavailable

ITEM = "amber.v1.item.0"
EVERYTHING = (ITEMS.subjects,)
LONG = 30.0
"""Seconds nobody waits for: what a test expects comes at once, and a failure is worth the wait."""
SHORT = 0.05
"""Seconds after which nothing is believed to come."""


class Outage(Protocol):
    """Takes the server away as a crash would, and gives it back with its disk."""

    async def begin(self) -> None:
        """From now on nobody answers."""

    async def end(self) -> None:
        """The server is back, and the bus has noticed."""


async def until(check: Callable[[], bool]) -> None:
    """Wait for something that has no signal of its own; the test's time limit ends it."""
    while not check():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.01)


async def none_waiting(consumer: Consumer) -> None:
    """Wait until the bus has noted every acknowledgement."""
    while await consumer.waiting():  # noqa: ASYNC110 - the server alone knows
        await asyncio.sleep(0.01)


async def in_hand(bus: Bus, count: int) -> Standing:
    """The standing of the only consumer, once the bus has noted that it has so many messages in hand."""
    while (found := (await bus.standings())[0]).in_hand != count:  # noqa: ASYNC110 - the server alone knows
        await asyncio.sleep(0.01)
    return found


def hearer() -> tuple[asyncio.Queue[tuple[str, bytes]], Callable[[str, bytes], Awaitable[None]]]:
    """A queue, and a callback that fills it."""
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def hear(subject: str, data: bytes) -> None:
        await heard.put((subject, data))

    return heard, hear


def data_of(messages: list[Message]) -> list[bytes]:
    """What the messages say."""
    return [message.data for message in messages]


@pytest.mark.anyio
class BusContract:
    """Fixtures: `bus`, empty; `small_bus`, whose queues hold less than 2 MiB; `outage`, of the server behind `bus`."""

    async def test_a_message_comes_as_it_was_published(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, LONG)
        await bus.publish(ITEM, b"\x00\xffdata", uuid4().hex, {"Amber-Error": "it broke"})
        [message] = await consumer.fetch(5, LONG)
        assert (message.subject, message.data, message.delivered) == (ITEM, b"\x00\xffdata", 1)
        assert dict(message.headers) == {"Amber-Error": "it broke"}
        assert message.at > 1_700_000_000

    async def test_messages_come_in_order_and_no_more_than_asked_for(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, LONG)
        for number in range(5):
            await bus.publish(ITEM, b"%d" % number)
        assert data_of(await consumer.fetch(3, LONG)) == [b"0", b"1", b"2"]
        assert data_of(await consumer.fetch(1, LONG)) == [b"3"]
        assert data_of(await consumer.fetch(9, LONG)) == [b"4"]

    async def test_a_fetch_ends_as_soon_as_there_is_a_message(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, LONG)
        fetch = asyncio.create_task(consumer.fetch(100, 100 * LONG))
        await asyncio.sleep(0)
        await bus.publish(ITEM, b"news")
        assert data_of(await fetch) == [b"news"]

    @pytest.mark.parametrize("limit", [1, 5])
    async def test_a_fetch_that_finds_nothing_is_empty(self, bus: Bus, limit: int) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, LONG)
        assert await consumer.fetch(limit, SHORT) == []

    async def test_the_same_id_is_kept_once(self, bus: Bus) -> None:
        for data, id in ((b"a", "1"), (b"a again", "1"), (b"b", "2"), (b"c", ""), (b"d", "")):
            await bus.publish(ITEM, data, id)
        assert data_of(await bus.browse(ITEMS, 0, 10)) == [b"a", b"b", b"c", b"d"]

    async def test_an_id_means_something_in_its_own_stream_only(self, bus: Bus) -> None:
        await bus.publish(ITEM, b"item", "1")
        await bus.publish(fact_subject("issue.created", 1), b"fact", "1")
        assert data_of(await bus.browse(ITEMS, 0, 10)) == [b"item"]
        assert data_of(await bus.browse(FACTS, 0, 10)) == [b"fact"]

    async def test_an_acknowledged_item_is_gone(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, 0.2)
        await bus.publish(ITEM, b"x")
        [message] = await consumer.fetch(1, LONG)
        assert await consumer.waiting() == 1
        await consumer.ack(message)
        assert await consumer.fetch(1, 0.5) == []
        assert await consumer.waiting() == 0
        assert await bus.browse(ITEMS, 0, 10) == []

    async def test_an_acknowledged_fact_stays_for_others(self, bus: Bus) -> None:
        subject = fact_subject("issue.created", 7)
        await bus.publish(subject, b"fact")
        for name in ("one", "two"):
            consumer = await bus.consume(FACTS, name, [fact_subject("issue.created", "*")], LONG)
            [message] = await consumer.fetch(1, LONG)
            assert message.data == b"fact"
            await consumer.ack(message)
            await none_waiting(consumer)
        assert data_of(await bus.browse(FACTS, 0, 10)) == [b"fact"]

    async def test_what_nobody_acknowledges_comes_again(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, 0.2)
        await bus.publish(ITEM, b"x")
        first = await consumer.fetch(1, LONG)
        second = await consumer.fetch(1, LONG)
        assert data_of(first) == data_of(second) == [b"x"]
        assert [message.delivered for message in first + second] == [1, 2]
        assert first[0].seq == second[0].seq

    async def test_a_refused_message_comes_again_after_its_delay(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, 100 * LONG)
        await bus.publish(ITEM, b"x")
        [message] = await consumer.fetch(1, LONG)
        await consumer.nak(message, 1.0)
        assert await consumer.fetch(1, SHORT) == []
        [again] = await consumer.fetch(1, LONG)
        assert (again.data, again.delivered) == (b"x", 2)
        await consumer.nak(again, 0.0)
        [again] = await consumer.fetch(1, LONG)
        assert again.delivered == 3

    async def test_a_sign_of_life_puts_off_the_next_delivery(self, bus: Bus) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, 1.5)
        await bus.publish(ITEM, b"x")
        [message] = await consumer.fetch(1, LONG)
        for _ in range(4):
            assert await consumer.fetch(1, 0.5) == []
            await consumer.progress(message)
        [again] = await consumer.fetch(1, LONG)
        assert again.delivered == 2

    async def test_who_opens_a_consumer_under_one_name_shares_it(self, bus: Bus) -> None:
        consumers = [await bus.consume(ITEMS, "shared", EVERYTHING, LONG) for _ in range(2)]
        for number in range(10):
            await bus.publish(ITEM, b"%d" % number)
        fetched = [data_of(await consumer.fetch(5, LONG)) for consumer in consumers]
        assert [len(part) for part in fetched] == [5, 5]
        assert sorted(data for part in fetched for data in part) == [b"%d" % number for number in range(10)]

    async def test_a_position_outlives_who_let_go_of_it(self, bus: Bus) -> None:
        consumer = await bus.consume(FACTS, "c", [FACTS.subjects], LONG)
        for data in (b"1", b"2"):
            await bus.publish(fact_subject("issue.created", 1), data)
        await consumer.ack((await consumer.fetch(1, LONG))[0])
        await consumer.close()
        await consumer.close()
        again = await bus.consume(FACTS, "c", [FACTS.subjects], LONG)
        assert data_of(await again.fetch(1, LONG)) == [b"2"]

    async def test_a_consumer_may_begin_with_what_comes_and_keeps_that_place(self, bus: Bus) -> None:
        subjects = [fact_subject("issue.created", "*")]
        for number in range(4):
            if number == 2:
                await (await bus.consume(FACTS, "late", subjects, LONG, from_now=True)).close()
            await bus.publish(fact_subject("issue.created", 1), b"%d" % number)
        late = await bus.consume(FACTS, "late", subjects, LONG + 1, from_now=True)
        assert await late.waiting() == 2
        assert data_of(await late.fetch(9, LONG)) == [b"2", b"3"]
        early = await bus.consume(FACTS, "early", subjects, LONG)
        await early.close()
        early = await bus.consume(FACTS, "early", subjects, LONG, from_now=True)
        assert data_of(await early.fetch(9, LONG)) == [b"0", b"1", b"2", b"3"]

    async def test_a_consumer_gets_its_own_subjects_only(self, bus: Bus) -> None:
        subjects = [fact_subject("issue.created", "*"), fact_subject("issue.resolved", 7)]
        consumer = await bus.consume(FACTS, "c", subjects, LONG)
        for kind, project in (("issue.created", 1), ("issue.resolved", 7), ("issue.resolved", 8), ("key.changed", 7)):
            await bus.publish(fact_subject(kind, project), f"{kind} {project}".encode())
        assert data_of(await consumer.fetch(9, LONG)) == [b"issue.created 1", b"issue.resolved 7"]
        assert await consumer.fetch(9, SHORT) == []
        assert await consumer.waiting() == 2

    async def test_a_consumer_is_brought_up_to_new_settings(self, bus: Bus) -> None:
        await (await bus.consume(FACTS, "c", [fact_subject("issue.created", "*")], 100 * LONG)).close()
        consumer = await bus.consume(FACTS, "c", [fact_subject("issue.resolved", "*")], 0.2)
        await bus.publish(fact_subject("issue.created", 1), b"created")
        await bus.publish(fact_subject("issue.resolved", 1), b"resolved")
        assert data_of(await consumer.fetch(9, LONG)) == [b"resolved"]
        assert data_of(await consumer.fetch(9, LONG)) == [b"resolved"]

    async def test_to_browse_is_not_to_consume(self, bus: Bus) -> None:
        for number in range(1, 6):
            await bus.publish(dead_subject("ITEMS", "digest"), b"%d" % number, headers={"Amber-Error": str(number)})
        found = await bus.browse(DEAD, 0, 3)
        assert data_of(found) == [b"1", b"2", b"3"]
        assert [dict(message.headers) for message in found] == [{"Amber-Error": str(number)} for number in (1, 2, 3)]
        assert data_of(await bus.browse(DEAD, found[-1].seq, 9)) == [b"4", b"5"]
        assert await bus.browse(DEAD, 99, 9) == []
        assert (found[0].subject, found[0].delivered) == (dead_subject("ITEMS", "digest"), 0)
        consumer = await bus.consume(DEAD, "c", [DEAD.subjects], LONG)
        [first] = await consumer.fetch(1, LONG)
        assert (first.stream, first.seq) == (found[0].stream, found[0].seq)
        assert first.at == pytest.approx(found[0].at)

    async def test_messages_are_counted_by_subject(self, bus: Bus) -> None:
        assert await bus.counts(DEAD) == {}
        for number in (0, 1, 1):
            await bus.publish(dead_subject("FACTS", "one", number), b"letter")
        assert await bus.counts(DEAD) == {dead_subject("FACTS", "one", 0): 1, dead_subject("FACTS", "one", 1): 2}

    async def test_a_glance_shows_some_subjects_without_their_data(self, bus: Bus) -> None:
        for number in range(1, 8):
            subject = dead_subject("ITEMS", "digest", number % 2)
            await bus.publish(subject, b"%d" % number, headers={"Amber-Error": str(number)})
        odd = await bus.glance(DEAD, [dead_subject("*", "*", 1)], 0, 3)
        assert [(one.headers["Amber-Error"], one.data) for one in odd.messages] == [("1", b""), ("3", b""), ("5", b"")]
        assert (odd.total, odd.last) == (4, 7)
        whole = (await bus.browse(DEAD, 0, 1))[0]
        assert (odd.messages[0].stream, odd.messages[0].seq) == (whole.stream, whole.seq)
        assert odd.messages[0].at == pytest.approx(whole.at)
        rest = await bus.glance(DEAD, [dead_subject("*", "*", 0), dead_subject("*", "*", 1)], 5, 9)
        assert ([one.seq for one in rest.messages], rest.total) == ([6, 7], 7)
        await bus.delete(DEAD, 7)
        nothing = await bus.glance(DEAD, [dead_subject("*", "*", 1)], 5, 9)
        assert (nothing.messages, nothing.total, nothing.last) == ([], 3, 7)

    async def test_consumers_tell_how_far_they_are(self, bus: Bus) -> None:
        consumer = await bus.consume(FACTS, "c", [fact_subject("issue.created", "*")], LONG)
        for kind in ("issue.resolved", "issue.created", "issue.created", "issue.created"):
            await bus.publish(fact_subject(kind, 1), kind.encode())
        first, second = await consumer.fetch(2, LONG)
        await consumer.ack(first)
        standing = await in_hand(bus, 1)
        assert (standing.stream, standing.name, standing.waiting) == ("FACTS", "c", 1)
        assert standing.since == pytest.approx(second.at)
        await consumer.ack(second)
        await consumer.ack((await consumer.fetch(1, LONG))[0])
        standing = await in_hand(bus, 0)
        assert (standing.waiting, standing.since) == (0, 0)

    async def test_a_deleted_message_is_gone_and_leaves_a_gap(self, bus: Bus) -> None:
        for data in (b"1", b"2", b"3"):
            await bus.publish(dead_subject("ITEMS", "digest"), data)
        middle = (await bus.browse(DEAD, 0, 9))[1].seq
        assert await bus.delete(DEAD, middle) is True
        assert await bus.delete(DEAD, middle) is False
        assert await bus.delete(DEAD, 4711) is False
        assert data_of(await bus.browse(DEAD, 0, 9)) == [b"1", b"3"]
        consumer = await bus.consume(DEAD, "c", [DEAD.subjects], LONG)
        assert data_of(await consumer.fetch(9, LONG)) == [b"1", b"3"]

    async def test_what_lies_under_a_subject_is_cleared_and_nothing_else(self, bus: Bus) -> None:
        consumer = await bus.consume(TASKS, "c", [TASKS.subjects], LONG)
        for plugin, name in (("slack", "deliver"), ("slack2", "deliver"), ("slack", "fact")):
            await bus.publish(task_subject(plugin, name), plugin.encode())
        await bus.clear(TASKS, task_subject("slack", ">"))
        await bus.clear(TASKS, task_subject("nobody", ">"))
        assert dict(await bus.counts(TASKS)) == {task_subject("slack2", "deliver"): 1}
        assert data_of(await consumer.fetch(9, LONG)) == [b"slack2"]

    async def test_a_forgotten_consumer_has_lost_its_place(self, bus: Bus) -> None:
        consumer = await bus.consume(FACTS, "c", [FACTS.subjects], LONG)
        await bus.publish(fact_subject("issue.created", 1), b"1")
        await consumer.ack((await consumer.fetch(1, LONG))[0])
        await consumer.close()
        for _ in range(2):  # the second time there is nothing to forget
            await bus.forget(FACTS, "c")
            assert await bus.standings() == []
        again = await bus.consume(FACTS, "c", [FACTS.subjects], LONG)
        assert data_of(await again.fetch(1, LONG)) == [b"1"]

    async def test_of_a_switch_only_the_last_word_is_kept(self, bus: Bus) -> None:
        for word in (b"on", b"off"):
            await bus.publish(switch_subject("slack"), word)
        await bus.publish(switch_subject("jira"), b"on")
        kept = {message.subject: message.data for message in await bus.browse(SWITCHES, 0, 10)}
        assert kept == {switch_subject("slack"): b"off", switch_subject("jira"): b"on"}

    async def test_listeners_hear_what_is_published_and_what_is_broadcast(self, bus: Bus) -> None:
        heard, hear = hearer()
        await bus.listen(fact_subject("issue.created", "*"), hear)
        await bus.listen(STATUS, hear)
        await bus.publish(fact_subject("issue.resolved", 1), b"not for them")
        await bus.publish(fact_subject("issue.created", 1), b"fact")
        assert await heard.get() == (fact_subject("issue.created", 1), b"fact")
        await bus.broadcast(STATUS, b"status")
        assert await heard.get() == (STATUS, b"status")
        assert heard.empty()

    async def test_a_listener_that_fails_hurts_nobody(self, bus: Bus) -> None:
        heard, hear = hearer()

        async def fail(_: str, data: bytes) -> None:
            await hear("failing", data)
            raise RuntimeError("a listener's own fault")

        await bus.listen(STATUS, fail)
        await bus.listen(STATUS, hear)
        for data in (b"1", b"2"):
            await bus.broadcast(STATUS, data)
        found = [await heard.get() for _ in range(4)]
        assert sorted(found) == [(STATUS, b"1"), (STATUS, b"2"), ("failing", b"1"), ("failing", b"2")]

    async def test_what_no_stream_keeps_is_refused(self, bus: Bus) -> None:
        with pytest.raises(Unavailable):
            await bus.publish("amber.v1.elsewhere", b"x")

    async def test_what_is_too_large_is_refused(self, bus: Bus) -> None:
        with pytest.raises(Unavailable):
            await bus.publish(ITEM, bytes(bus.max_payload + 1))
        await bus.publish(ITEM, b"x")
        assert data_of(await bus.browse(ITEMS, 0, 9)) == [b"x"]

    async def test_a_full_queue_refuses_and_loses_nothing(self, small_bus: Bus) -> None:
        consumer = await small_bus.consume(ITEMS, "c", EVERYTHING, LONG)
        kept = await self._fill(small_bus)
        with pytest.raises(Unavailable):
            await small_bus.publish(ITEM, bytes(64 << 10))
        messages = await consumer.fetch(100, LONG)
        assert len(messages) == kept
        await consumer.ack(messages[0])
        assert await consumer.fetch(1, SHORT) == []
        await small_bus.publish(ITEM, b"there is room again")
        assert data_of(await consumer.fetch(1, LONG)) == [b"there is room again"]

    async def _fill(self, bus: Bus) -> int:
        for kept in range(100):
            try:
                await bus.publish(ITEM, bytes(64 << 10))
            except Unavailable:
                return kept
        raise AssertionError("a small bus took more than 6 MiB")

    async def test_during_an_outage_everything_says_so(self, bus: Bus, outage: Outage) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, LONG)
        await bus.publish(ITEM, b"x")
        [message] = await consumer.fetch(1, LONG)
        assert bus.is_ready
        await outage.begin()
        assert not bus.is_ready
        for call in (
            lambda: bus.publish(ITEM, b"y"),
            lambda: bus.broadcast(STATUS, b"y"),
            lambda: bus.browse(ITEMS, 0, 9),
            lambda: bus.delete(ITEMS, 1),
            lambda: bus.consume(ITEMS, "other", EVERYTHING, LONG),
            lambda: bus.listen(STATUS, hearer()[1]),
            consumer.waiting,
        ):
            with pytest.raises(Unavailable):
                await call()
        await consumer.progress(message)
        await consumer.ack(message)  # it may be lost: the message comes again then
        await consumer.close()

    async def test_after_an_outage_everything_goes_on_by_itself(self, bus: Bus, outage: Outage) -> None:
        consumer = await bus.consume(ITEMS, "c", EVERYTHING, 0.5)
        heard, hear = hearer()
        await bus.listen(STATUS, hear)
        await bus.publish(ITEM, b"before", "id")
        assert data_of(await consumer.fetch(1, LONG)) == [b"before"]
        await outage.begin()
        await outage.end()
        assert bus.is_ready
        await bus.publish(ITEM, b"before, sent again", "id")
        await bus.publish(ITEM, b"after")
        found: list[bytes] = []
        while b"before" not in found or b"after" not in found:
            for message in await self._fetch_again(consumer.fetch):
                found.append(message.data)
                await consumer.ack(message)
        assert b"before, sent again" not in found
        await bus.broadcast(STATUS, b"status")
        assert await heard.get() == (STATUS, b"status")

    async def _fetch_again(self, fetch: Callable[[int, float], Awaitable[list[Message]]]) -> list[Message]:
        try:
            return await fetch(9, 0.5)
        except Unavailable:
            await asyncio.sleep(SHORT)
            return []

    async def test_nothing_acknowledged_is_lost_when_the_server_dies(self, bus: Bus, outage: Outage) -> None:
        acknowledged: set[bytes] = set()

        async def send(number: int) -> None:
            data = b"%d" % number
            try:
                await bus.publish(ITEM, data)
            except Unavailable:
                return
            acknowledged.add(data)

        async def send_many(first: int) -> None:
            for number in range(first, first + 100):
                await send(number)

        senders = [asyncio.create_task(send_many(100 * number)) for number in range(8)]
        await until(lambda: len(acknowledged) >= 40)
        await outage.begin()
        await asyncio.gather(*senders)
        await outage.end()
        stored = data_of(await bus.browse(ITEMS, 0, 10_000))
        assert acknowledged <= set(stored)
        assert len(stored) == len(set(stored))
