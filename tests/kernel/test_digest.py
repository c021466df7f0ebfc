import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from amber.bus import DEAD, ITEMS, Message
from amber.digesting.jobs import buried
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.model import (
    Decoded,
    GroupedEvent,
    OutcomeCount,
    StoredEvent,
    Submission,
)
from amber.testing.plant import HOUR, ITEM, Plant, choosy, claim, protocol, submission
from amber.wire import frames

pytestmark = pytest.mark.anyio


async def test_frames_become_stored_events_in_one_transaction(plant: Plant) -> None:
    await plant.send(submission("a", "e1 e2 bad"), submission("b", "e3"))
    await plant.send(submission("c", "e1 f9"))
    assert await plant.run() == []
    assert plant.stores.ids() == ["1", "2", "3"]
    assert len(plant.stores.batches) == 1
    assert [mark[1] for mark in plant.stores.batches[0].marks] == [1, 2]
    assert plant.stores.outcomes() == [("error", "invalid", "bad"), ("error", "stored", "")]
    assert {one.hour for one in plant.stores.batches[0].outcomes} == {HOUR}
    [told] = plant.stores.feedback
    assert (told.message, told.email, told.event_id) == ("it broke", "a@b", "e" * 32)
    assert plant.rings == 1
    assert 'amber_items_total{category="error",outcome="filtered"} 1.0' in plant.house.metrics.render().decode()


async def test_a_message_that_was_applied_before_is_only_acknowledged(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    [message] = await plant.bus.browse(ITEMS, 0, 9)
    plant.stores.marks.add((message.stream, message.seq))
    assert await plant.run() == []
    assert plant.stores.batches == []


async def test_what_is_written_anew_of_an_event_that_was_let_go_goes_again(plant: Plant) -> None:
    plant.stores.gone = {(1, f"{1:032x}"): ["file"]}
    plant.stores.kept = {"file": b"bytes", "another": b"bytes"}
    await plant.send(submission("a", "e1 e2"))
    assert await plant.run() == []
    assert plant.stores.deleted == [(1, f"{1:032x}")]
    assert set(plant.stores.kept) == {"another"}


async def test_an_event_that_was_kept_before_it_was_counted_is_counted_as_it_is_kept(plant: Plant) -> None:
    id = f"{1:032x}"
    kept = StoredEvent(id, 1, "another key", 5.0, 6.0, "Kept", "there", "error", {"release": "1"}, {})
    plant.stores.written[1, id] = kept
    await plant.send(submission("a", "e1 e2"))
    assert await plant.run() == []
    first, second = plant.stores.batches[0].events
    assert (first.grouping.key, first.event.timestamp, first.event.text("release")) == ("another key", 5.0, "1")
    assert (first.title, first.culprit, second.grouping.key != "another key") == ("Kept", "there", True)


async def test_a_message_another_worker_was_quicker_with_is_left_out(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    await plant.send(submission("b", "e2"))
    first, _ = await plant.bus.browse(ITEMS, 0, 9)
    plant.stores.marks.add((first.stream, first.seq))
    plant.stores.race = frozenset(plant.stores.marks)
    assert await plant.run() == []
    assert plant.stores.ids() == ["2"]


async def test_a_submission_that_cannot_be_decoded_takes_no_other_with_it(plant: Plant) -> None:
    await plant.send(submission("a", "e1"), submission("b", "! e2 i3"), submission("c", "e4"))
    assert await plant.run() == []
    assert plant.stores.ids() == ["1", "4"]
    assert await plant.dead() == [("tiny", "b")]
    assert plant.stores.outcomes() == [("error", "dead", "tiny"), ("error", "dead", "tiny"), ("log", "dead", "tiny")]
    assert plant.house.metrics.cost("tiny").errors == 2


def hang(_: Submission) -> Decoded:
    import time

    time.sleep(0.5)
    return Decoded()


def deny(_: Submission) -> Decoded:
    raise Reject("a protocol answers outcomes instead")


@pytest.mark.parametrize("bad", [hang, deny, lambda one: None, lambda one: 5])
async def test_a_protocol_that_answers_rubbish_or_nothing_is_named(plant: Plant, bad: Any) -> None:
    plant.house.dispatcher.budgets["tiny"] = 30
    plant.protocols["tiny"] = protocol(bad)
    await plant.send(submission("a", "e1"), submission("b", "e2"))
    assert await plant.run() == []
    assert await plant.dead() == [("tiny", "a"), ("tiny", "b")]
    assert plant.stores.ids() == []
    assert plant.house.metrics.cost("tiny").errors


async def test_what_no_running_plugin_speaks_is_set_aside(plant: Plant) -> None:
    plant.protocols.clear()
    await plant.send(submission("a", "e1"))
    assert await plant.run() == []
    assert await plant.dead() == [("tiny", "a")]
    assert plant.stores.outcomes() == [("error", "dead", "rejected")]


async def test_events_of_a_project_that_is_gone_are_set_aside(plant: Plant) -> None:
    await plant.send(submission("a", "e1"), submission("b", "e2", project=9))
    assert await plant.run() == []
    assert plant.stores.ids() == ["1"]
    assert await plant.dead() == [("tiny", "b")]


async def test_what_cannot_be_scrubbed_is_never_stored(plant: Plant) -> None:
    await plant.send(submission("a", "e1 ex e2"), submission("b", "e3"), submission("c", "ex"))
    assert await plant.run() == []
    assert plant.stores.ids() == ["3"]
    assert await plant.dead() == [("scrub", "a"), ("scrub", "c")]
    assert plant.stores.outcomes() == [("error", "dead", "scrub")] * 4
    assert plant.house.metrics.cost("scrub").errors


async def test_what_was_refused_at_the_edge_is_counted(plant: Plant) -> None:
    refused = {0: OutcomeCount(1, "error", "filtered", "noise", hour=3)}
    await plant.send(submission("a", "e1 e2", dropped=refused), submission("b", "e3 !", dropped=refused))
    assert await plant.run() == []
    assert plant.stores.ids() == ["2"]
    noise = ("error", "filtered", "noise")
    assert plant.stores.outcomes() == [("error", "dead", "tiny"), noise, noise]


async def test_a_body_from_the_blob_store_goes_once_it_is_stored(plant: Plant) -> None:
    plant.stores.kept["bodies/1/a"] = b"e1"
    await plant.send(submission("a", "", blob="bodies/1/a"), submission("b", "", blob="bodies/1/b"))
    assert await plant.run() == []
    assert plant.stores.ids() == ["1"]
    assert plant.stores.kept == {}
    assert await plant.dead() == [("tiny", "b")]


async def test_a_body_of_a_dead_letter_stays_in_the_blob_store(plant: Plant) -> None:
    plant.stores.kept["bodies/1/a"] = b"!"
    await plant.send(submission("a", "", blob="bodies/1/a"))
    assert await plant.run() == []
    assert list(plant.stores.kept) == ["bodies/1/a"]
    [letter] = await plant.bus.browse(DEAD, 0, 9)
    assert [(one.body, one.blob) for one in frames.decode(letter.data)] == [(b"", "bodies/1/a")]


async def test_items_are_handed_over_and_counted(plant: Plant) -> None:
    claim(plant, choosy(ValueError("oh")))
    await plant.start()
    await plant.send(submission("a", "e1 i1"), submission("b", "i2"))
    assert await plant.run() == []
    assert plant.stores.ids() == ["1"]
    assert plant.stores.outcomes() == [("log", "stored", "")] * 2


async def test_an_item_a_plugin_fails_on_is_delivered_again_on_its_own(plant: Plant) -> None:
    claim(plant, choosy(ValueError("oh")))
    await plant.start()
    await plant.send(submission("a", "e1 ix i2 ix"), submission("b", "ix"))
    verdicts = await plant.run()
    assert plant.stores.ids() == ["1"]
    assert plant.stores.outcomes() == [("log", "stored", "")]
    assert [getattr(verdict, "plugin", "") for verdict in verdicts] == ["logs"] * 3
    left = [one for message in await plant.bus.browse(ITEMS, 0, 9) for one in frames.decode(message.data)]
    assert [(one.id, sorted(one.dropped)) for one in left] == [("a", [0, 2, 3]), ("a", [0, 1, 2]), ("b", [])]


async def test_an_item_of_a_parked_body_keeps_a_body_of_its_own(plant: Plant) -> None:
    claim(plant, choosy(ValueError("oh")))
    await plant.start()
    plant.bus.max_payload = 1000
    body = b"e1 ix ix " + b" " * 2000
    plant.stores.kept["bodies/1/a"] = body
    parked = submission("a", "e1 ix ix", blob="bodies/1/a")
    await plant.send(Submission(**{name: getattr(parked, name) for name in parked.__struct_fields__} | {"body": b""}))
    assert [type(verdict) for verdict in await plant.run()] == [PluginError, PluginError]
    assert plant.stores.ids() == ["1"]
    assert plant.stores.kept == {"bodies/1/a-1": body, "bodies/1/a-2": body}


@pytest.mark.parametrize("error", [Retry(9), Reject("never")])
async def test_what_a_plugin_says_about_a_lone_item_is_the_verdict(plant: Plant, error: Exception) -> None:
    claim(plant, choosy(error))
    await plant.start()
    await plant.send(submission("a", "ix"))
    assert await plant.run() == [error]


async def test_an_outage_is_told_and_nothing_is_set_aside(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    await plant.send(submission("b", "e2"))
    plant.stores.away = True
    assert [type(verdict) for verdict in await plant.run()] == [Unavailable, Unavailable]
    assert await plant.dead() == []
    assert plant.rings == 0


async def test_a_broken_frame_is_rejected_and_takes_no_other_with_it(plant: Plant) -> None:
    await plant.send(submission("a", "e1"))
    await plant.bus.publish(ITEM, b"no frame")
    assert [type(verdict) for verdict in await plant.run()] == [Reject]
    assert plant.stores.ids() == ["1"]


async def test_a_frame_that_fails_for_no_known_reason_is_split(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    write = plant.stores._write

    def fail(events: Sequence[GroupedEvent]) -> None:
        if any(one.event.id.endswith("666") for one in events):
            raise ZeroDivisionError("a fault of a store")
        write(events)

    monkeypatch.setattr(plant.stores, "_write", fail)
    await plant.start()
    await plant.send(submission("a", "e1"), submission("b", "e666"), submission("c", "e3"))
    assert [type(verdict) for verdict in await plant.run()] == [ZeroDivisionError]
    assert plant.stores.ids() == ["1", "3"]
    left = [one.id for message in await plant.bus.browse(ITEMS, 0, 9) for one in frames.decode(message.data)]
    assert left == ["b"]


async def test_two_workers_at_once_store_everything_once(plant: Plant) -> None:
    for number in range(20):
        await plant.send(submission(str(number), f"e{number} e{number % 3}"))
    await asyncio.gather(plant.run(), plant.run())
    assert len(plant.stores.ids()) == 20
    assert await plant.consumer.waiting() == 0


async def test_what_is_set_aside_whole_is_counted_once(plant: Plant) -> None:
    await plant.send(submission("a", "e1"), submission("b", "e2"))
    [message] = await plant.consumer.fetch(1, 1)
    for _ in range(2):  # the acknowledgement may be lost
        await plant.digest.bury(message, PluginError("logs", "item_handlers", "it always fails"))
    assert plant.stores.outcomes() == [("error", "dead", "logs")] * 2
    assert plant.stores.ids() == []
    assert 'amber_items_total{category="error",outcome="dead"} 2.0' in plant.house.metrics.render().decode()


async def test_a_container_that_is_set_aside_counts_for_all_it_held(plant: Plant) -> None:
    held = submission("a", "i1 i2")
    held.meta["quantities"] = [7, 1]
    await plant.send(held)
    [message] = await plant.consumer.fetch(1, 1)
    await plant.digest.bury(message, Reject("no"))
    assert {(one.category, one.outcome, one.quantity) for one in plant.stores.counted} == {
        ("log", "accepted", 8),
        ("log", "dead", 8),
    }


async def test_a_frame_nobody_can_read_counts_for_nothing(plant: Plant) -> None:
    await plant.bus.publish(ITEM, b"rubbish")
    [message] = await plant.consumer.fetch(1, 1)
    await plant.digest.bury(message, Reject("not a frame"))
    assert plant.stores.outcomes() == []


async def test_an_event_in_a_sound_submission_is_stored_although_another_with_it_is_set_aside(plant: Plant) -> None:
    await plant.send(submission("a", "e1 ex"), submission("b", "e1"))
    await plant.run()
    assert plant.stores.ids() == ["1"]


def quantities(plant: Plant) -> dict[tuple[str, str, str], int]:
    """What is counted in all, as a store adds it up."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for one in plant.stores.counted:
        sums[one.category, one.outcome, one.reason] += one.quantity
    return {key: quantity for key, quantity in sums.items() if quantity}


async def test_a_dead_letter_that_is_sent_again_is_dead_no_longer(plant: Plant) -> None:
    noise = {1: OutcomeCount(1, "error", "filtered", "noise", hour=HOUR)}
    await plant.digest.start({})
    await plant.send(submission("a", "e1 e2", dropped=noise), submission("b", "e3 bad"))
    await plant.run()
    before = {("error", "accepted", ""): 4, ("error", "filtered", "noise"): 1, ("error", "dead", "rejected"): 3}
    assert quantities(plant) == before
    await plant.digest.start(plant.protocols)
    for letter in await plant.bus.browse(DEAD, 0, 9):
        await plant.bus.publish(ITEM, letter.data)
    await plant.run()
    assert quantities(plant) == {
        ("error", "accepted", ""): 4,
        ("error", "filtered", "noise"): 1,
        ("error", "stored", ""): 2,
        ("error", "invalid", "bad"): 1,
    }


async def test_a_dead_letter_whose_item_fails_again_is_dead_once(plant: Plant) -> None:
    claim(plant, choosy(ValueError("oh")))
    await plant.start()
    await plant.send(submission("a", "e1 ix i2"))
    [message] = await plant.consumer.fetch(1, 1)
    await plant.digest.bury(message, Reject("its worker died of it"))
    await plant.consumer.ack(message)
    await plant.bus.publish(ITEM, buried(message, Reject("its worker died of it")).data)
    [verdict] = await plant.run()
    [left] = await plant.bus.browse(ITEMS, 0, 9)
    assert isinstance(verdict, PluginError)
    await plant.digest.bury(left, verdict)
    assert quantities(plant) == {
        ("error", "accepted", ""): 1,
        ("error", "stored", ""): 1,
        ("log", "accepted", ""): 2,
        ("log", "stored", ""): 1,
        ("log", "dead", "logs"): 1,
    }


def test_what_nobody_can_read_is_set_aside_as_it_is() -> None:
    message = Message("ITEMS", 1, ITEM, b"rubbish")
    assert buried(message, Reject("not a frame")) is message


async def test_what_decoding_does_not_account_for_is_invalid(plant: Plant) -> None:
    await plant.digest.start({"tiny": protocol(lambda submission: Decoded())})
    await plant.send(submission("a", "e1 i2 i3"))
    await plant.run()
    assert plant.stores.outcomes() == [("error", "invalid", "undecoded"), *[("log", "invalid", "undecoded")] * 2]


LOG_DEAD = ("log", "dead", "rejected")


async def test_a_lone_item_that_is_sent_again_counts_what_came_with_it_once(plant: Plant) -> None:
    claim(plant, choosy(ValueError("oh")))
    await plant.start()
    noise = {2: OutcomeCount(1, "error", "filtered", "noise", hour=HOUR)}
    await plant.send(submission("a", "ix bad e3", dropped=noise), submission("b", "e1"))
    await plant.run()
    assert plant.stores.outcomes() == []
    [left] = await plant.bus.browse(ITEMS, 0, 9)
    await plant.digest.bury(left, Reject("no"))
    assert plant.stores.outcomes() == [("error", "dead", "rejected"), ("error", "filtered", "noise"), LOG_DEAD]
