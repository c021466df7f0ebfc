import asyncio
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amber.bus import SUSPECTS, Message, suspect_subject
from amber.delivering.delivery import LARGEST_BATCH, groups
from amber.poison.journal import Death, Journal, Note
from amber.poison.suspects import LAST_STRIKE, Suspect, Suspects, Turns, blamed
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
OWNER, STREAM = "ITEMS-digest", "ITEMS@1"
NOBODY = Suspect(OWNER, STREAM, 5)


def death(life: str, *seqs: int, place: tuple[str, str, str] | None = None) -> Death:
    """A worker's end with these in hand; alone at (part, plugin, hook) where one is given."""
    part, plugin, hook = place or ("", "", "")
    note = Note(life, "boot", ((OWNER, STREAM, list(seqs)),), place is not None, plugin, hook, part)
    return Death(note, "hung for 30 s", "Timeout")


def message(seq: int, delivered: int = 2) -> Message:
    return Message(STREAM, seq, "amber.v1.item.0", b"", {}, delivered)


ENRICH = ("3", "p", "enrich_events")


def test_who_was_not_alone_is_never_guilty() -> None:
    suspect = NOBODY
    for number in range(50):
        suspect = blamed(suspect, death(str(number), 4, 5))
    assert suspect.guilty == ()


def test_what_a_worker_died_over_twice_alone_is_guilty_and_named() -> None:
    once = blamed(NOBODY, death("a", 5, place=ENRICH))
    assert once.guilt("3") is None
    twice = blamed(once, death("b", 5, place=ENRICH))
    guilt = twice.guilt("3")
    assert guilt is not None
    assert (guilt.plugin, guilt.hook) == ("p", "enrich_events")
    assert str(guilt) == (
        "plugin p failed in enrich_events: the worker hung for 30 s (2 times, with nothing else in hand)"
    )
    assert twice.guilt("4") is None


def test_a_death_that_is_told_twice_counts_once() -> None:
    once = blamed(NOBODY, death("a", 5, place=ENRICH))
    assert blamed(once, death("a", 5, place=ENRICH)) == once


def test_two_deaths_in_different_places_prove_nothing_but_many_do() -> None:
    suspect = NOBODY
    for number in range(LAST_STRIKE):
        assert suspect.guilty == ()
        suspect = blamed(suspect, death(str(number), 5, place=(str(number), "", "")))
    guilt = suspect.guilt(str(LAST_STRIKE - 1))
    assert guilt is not None
    assert guilt.plugin == "kernel"


def test_a_second_guilty_part_is_found_after_the_first() -> None:
    suspect = NOBODY
    for life, part in (("a", "1"), ("b", "1"), ("c", "2"), ("d", "2")):
        suspect = blamed(suspect, death(life, 5, place=(part, "p", "h")))
    assert suspect.guilt("1")
    assert suspect.guilt("2")


@pytest.fixture
def told() -> Journal:
    journal = Journal()
    journal.death = death("a", 1, 2)
    return journal


async def test_every_worker_knows_the_suspects(bus: MemoryBus, told: Journal, caplog: pytest.LogCaptureFixture) -> None:
    before, here = Suspects(bus, Journal()), Suspects(bus, told)
    await before.start()
    await here.start()
    after = Suspects(bus, Journal())
    await after.start()
    for one in (before, here, after):
        found = one.find(OWNER, message(2))
        assert found is not None
        assert (found.seq, found.life) == (2, "a")
        assert one.find(OWNER, message(2, delivered=1)) is None
        assert one.find("FACTS-p", message(2)) is None
        assert one.find(OWNER, message(3)) is None
    assert told.death is None
    assert "the worker before this one hung for 30 s with 2 messages in hand" in caplog.text


async def test_who_outlives_a_suspect_clears_it(bus: MemoryBus, told: Journal) -> None:
    here = Suspects(bus, told)
    await here.start()
    suspect = here.find(OWNER, message(1))
    assert suspect is not None
    async with here.alone(1, suspect) as walk:
        assert walk.enter("0") is None
    await here.clear(suspect)
    assert here.find(OWNER, message(1)) is None
    assert sorted(len(one.data) for one in await bus.browse(SUSPECTS, 0, 9))[0] == 0
    later = Suspects(bus, Journal())
    await later.start()
    assert later.find(OWNER, message(1)) is None


async def test_who_stands_alone_does_so_with_nobody_else() -> None:
    turns, inside, log = Turns(), asyncio.Event(), list[str]()

    async def share(name: str, until: asyncio.Event) -> None:
        async with turns.shared():
            log.append(name)
            inside.set()
            await until.wait()
            log.append(f"{name} done")

    async def alone() -> None:
        async with turns.alone():
            log.append("alone")
            await asyncio.sleep(0)
            log.append("alone done")

    ends = asyncio.Event()
    first = asyncio.create_task(share("a", ends))
    await inside.wait()
    lone = [asyncio.create_task(alone()) for _ in range(2)]
    await asyncio.sleep(0)
    late = asyncio.create_task(share("b", ends))
    for _ in range(5):
        await asyncio.sleep(0)
    assert log == ["a"]
    ends.set()
    await asyncio.gather(first, *lone, late)
    assert log == ["a", "a done", "alone", "alone done", "alone", "alone done", "b", "b done"]


@given(st.lists(st.integers(1, 12), max_size=40), st.integers(1, 1000))
def test_what_came_before_is_handled_in_ever_smaller_batches(delivered: list[int], most: int) -> None:
    messages = [message(seq, times) for seq, times in enumerate(delivered)]
    batches = groups(messages, most)
    assert sorted(one.seq for batch in batches for one in batch) == list(range(len(messages)))
    for batch in batches:
        assert batch
        assert len(batch) <= max(1, most >> max(one.delivered - 1 for one in batch))
    assert all(len(batch) == 1 for batch in batches for one in batch if one.delivered > 10)


@given(st.lists(st.integers(0, LARGEST_BATCH * 5 // 4), max_size=12))
def test_batches_hold_no_more_bytes_than_a_worker_has_room_for(sizes: list[int]) -> None:
    messages = [Message(STREAM, seq, "amber.v1.item.0", bytes(size), {}, 1) for seq, size in enumerate(sizes)]
    batches = groups(messages, 1000)
    assert [one.seq for batch in batches for one in batch] == list(range(len(messages)))
    assert all(len(batch) == 1 or sum(len(one.data) for one in batch) <= LARGEST_BATCH for batch in batches)
    assert all(sum(len(one.data) for one in [*a, b[0]]) > LARGEST_BATCH for a, b in pairwise(batches))


def digest_all(count: int, poison: Iterable[int], parts: int) -> tuple[set[int], set[tuple[int, str]], int]:
    """Let workers work, die and be started again until nothing is left: what was stored, what is guilty, how many died.

    Message `n` holds `parts` parts; every part whose number over all messages is in `poison` kills whoever touches it.
    """
    deadly = {(number // parts, str(number % parts)) for number in poison}
    suspects: dict[int, Suspect] = {}
    left, stored, guilty, deaths = set(range(count)), set[int](), set[tuple[int, str]](), 0

    def die(*seqs: int, part: str = "", alone: bool = False) -> None:
        end = death(f"life {deaths}", *seqs, place=(part, "p", "h") if alone else None)
        for seq in seqs:
            suspects[seq] = blamed(suspects.get(seq) or replace(NOBODY, seq=seq), end)

    while left:
        fresh = [seq for seq in left if seq not in suspects]
        if fresh:
            if any((seq, str(part)) in deadly for seq in fresh for part in range(parts)):
                deaths += 1
                die(*fresh)
                continue
            stored |= set(fresh)
            left -= set(fresh)
            continue
        seq = min(left)
        killing = [str(part) for part in range(parts) if (seq, str(part)) in deadly]
        first = next((part for part in killing if not suspects[seq].guilt(part)), None)
        if first is not None:
            deaths += 1
            die(seq, part=first, alone=True)
            continue
        guilty |= {(seq, part) for part in map(str, range(parts)) if suspects[seq].guilt(part)}
        left.discard(seq)
        stored.add(seq)
    return stored, guilty, deaths


@given(st.integers(1, 40), st.integers(1, 5), st.data())
def test_every_poisonous_part_is_found_and_no_other_blamed(count: int, parts: int, data: st.DataObject) -> None:
    poison = data.draw(st.sets(st.integers(0, count * parts - 1), max_size=6))
    stored, guilty, deaths = digest_all(count, poison, parts)
    assert stored == set(range(count))
    assert guilty == {(number // parts, str(number % parts)) for number in poison}
    assert deaths == (2 * len(poison) + 1 if poison else 0)


@pytest.mark.parametrize("data", [b"[]", b'{"consumer":"\xff"}', b'{"x":' + b"[" * 100_000])
async def test_what_is_no_suspect_keeps_no_worker_from_starting(data: bytes) -> None:
    bus = MemoryBus()
    await bus.publish(suspect_subject("digest", 1), data)
    await Suspects(bus, Journal()).start()
    await Suspects(bus, Journal())._hear("", data)
