"""Watching calls: who hears of which, what is shown of them, and that nothing is done while nobody watches."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from amber.bus import TRACE, trace_subject
from amber.errors import Denied, PluginError, Reject, Unavailable
from amber.model import Additions, Event, Fact, Project
from amber.plugin.dispatch import REQUEST
from amber.testing.memorybus import MemoryBus
from amber.testing.plant import Plant, submission
from amber.watching import tracing
from amber.watching.tracing import MOST_WAITING, WITHHELD, Call, Tracer, Wish

pytestmark = pytest.mark.anyio


class Watcher:
    """Somebody who watches, and what they heard."""

    def __init__(self, bus: MemoryBus, tracer: Tracer) -> None:
        self.bus, self.tracer = bus, tracer
        self.heard: asyncio.Queue[Call] = asyncio.Queue()

    async def wish(self, **wished: str) -> None:
        await self.bus.listen(trace_subject("me"), self._hear)
        await self.bus.broadcast(TRACE, msgspec.json.encode(Wish("me", **wished)))

    async def _hear(self, _: str, data: bytes) -> None:
        self.heard.put_nowait(msgspec.json.decode(data, type=Call))

    async def next(self, count: int) -> list[Call]:
        return [await self.heard.get() for _ in range(count)]


def scrub_events(events: Sequence[Event]) -> list[Event]:
    """Takes the word `hunter2` out, wherever it stands."""
    clean = [msgspec.json.decode(msgspec.json.encode(event.data).replace(b"hunter2", b"***")) for event in events]
    return [msgspec.structs.replace(event, data=data) for event, data in zip(events, clean, strict=True)]


@pytest.fixture
async def watcher(house: Any, bus: MemoryBus, anyio_backend: str) -> AsyncIterator[Watcher]:
    tracer = Tracer("worker-1", house.dispatcher, bus)
    running = asyncio.create_task(tracer.run())
    await asyncio.sleep(0)
    yield Watcher(bus, tracer)
    running.cancel()
    await asyncio.wait([running])
    assert house.dispatcher.watch is None


def answered(value: Any) -> Any:
    return value


async def test_a_call_is_told_with_its_arguments_answer_and_time(
    house: Any, watcher: Watcher, project: Project
) -> None:
    house.add("scrub", scrub_events)
    house.add("adds", enrich_events=lambda events: [Additions(tags={"word": "hunter2"}) for _ in events])
    await watcher.wish()
    REQUEST.set("/api/1/envelope/")
    await house.dispatcher.ask("adds", "enrich_events", answered, events=[None], project=project)
    (call,) = await watcher.next(1)
    assert (call.process, call.plugin, call.hook, call.outcome) == ("worker-1", "adds", "enrich_events", "answered")
    assert call.given == {"events": [None], "project": "shop"}
    assert call.answer == [{"Additions": {"tags": {"word": "***"}}}]
    assert call.request == "/api/1/envelope/"
    assert 0 < call.seconds < 5


@pytest.mark.parametrize(
    ("error", "outcome", "problem"),
    [
        (Denied("hunter2 is locked"), "refused", "Denied: *** is locked"),
        (ValueError("hunter2"), "failed", "ValueError: ***"),
    ],
)
async def test_a_call_that_ends_with_an_error_is_told_with_its_reason(
    house: Any, watcher: Watcher, error: Exception, outcome: str, problem: str
) -> None:
    def authenticate(request: Any) -> None:
        raise error

    house.add("scrub", scrub_events)
    house.add("auth", authenticate)
    await watcher.wish()
    with pytest.raises(Denied if outcome == "refused" else PluginError):
        await house.dispatcher.ask("auth", "authenticate", answered, request=None)
    (call,) = await watcher.next(1)
    assert (call.outcome, call.problem, call.answer) == (outcome, problem, None)


async def test_a_plugin_that_is_left_alone_is_told_as_failed(house: Any, watcher: Watcher) -> None:
    house.add("scrub", scrub_events)
    house.add("ill", plugin_health=lambda: "well")
    for _ in range(5):
        house.dispatcher.breaker.record("ill", is_failure=True)
    await watcher.wish()
    with pytest.raises(PluginError):
        await house.dispatcher.ask("ill", "plugin_health", answered)
    (call,) = await watcher.next(1)
    assert call.outcome == "failed"
    assert "left alone" in call.problem


async def test_what_nobody_scrubbed_is_withheld(house: Any, watcher: Watcher) -> None:
    house.add("talks", plugin_health=lambda: "hunter2")
    await watcher.wish()
    await house.dispatcher.ask("talks", "plugin_health", answered)
    (call,) = await watcher.next(1)
    assert (call.plugin, call.given, call.answer) == ("talks", {}, WITHHELD)


async def test_our_own_scrubbing_of_what_is_told_is_not_told(house: Any, watcher: Watcher) -> None:
    house.add("scrub", scrub_events)
    house.add("well", plugin_health=lambda: None)
    await watcher.wish()
    for _ in range(3):
        await house.dispatcher.ask("well", "plugin_health", answered)
    assert {call.hook for call in await watcher.next(3)} == {"plugin_health"}
    assert watcher.heard.empty()


@pytest.mark.parametrize(
    ("wished", "plugins"),
    [
        ({"plugin": "b"}, ["b"]),
        ({"hook": "plugin_health"}, ["a", "b"]),
        ({"request": "/api"}, ["a", "b"]),
        ({"plugin": "a", "request": "/other"}, []),
        ({"event": "0" * 32}, []),
    ],
)
async def test_only_calls_that_were_wished_for_are_told(
    house: Any, watcher: Watcher, wished: dict[str, str], plugins: list[str]
) -> None:
    house.add("scrub", scrub_events)
    for name in ("a", "b", "last"):
        house.add(name, plugin_health=lambda: None, login_methods=lambda: [])
    await watcher.wish(**wished)
    REQUEST.set("/api/v1/projects")
    for name in ("a", "b"):
        await house.dispatcher.ask(name, "plugin_health", answered)
        await house.dispatcher.ask(name, "login_methods", answered)
    await watcher.bus.broadcast(TRACE, msgspec.json.encode(Wish("me", plugin="last")))
    await house.dispatcher.ask("last", "plugin_health", answered)
    heard = []
    while (call := (await watcher.next(1))[0]).plugin != "last":
        heard.append(call.plugin)
    assert sorted(set(heard)) == plugins


async def test_an_event_is_followed_from_decoding_to_its_store(plant: Plant, watcher: Watcher) -> None:
    plant.house.add("adds", enrich_events=lambda events: [Additions(tags={"id": event.id}) for event in events])
    plant.house.dispatcher.holders["event_store"] = "sql"
    wanted = f"{2:032x}"
    await watcher.wish(event=wanted)
    await plant.send(submission("a", "e1 e2"), submission("b", "e3"))
    assert await plant.run() == []
    calls = await watcher.next(4)
    assert [(call.hook, call.plugin) for call in calls] == [
        ("ingest_protocols", "tiny"),
        ("enrich_events", "adds"),
        ("scrub_events", "scrub"),
        ("store", "sql"),
    ]
    decoded, enriched, scrubbed, stored = calls
    assert [one["Submission"]["id"] for one in decoded.given["submissions"]] == ["a"]
    assert enriched.answer == {"Additions": {"tags": {"id": wanted}}}
    assert [one["Event"]["id"] for one in scrubbed.given["events"]] == [wanted]
    assert stored.given["events"][0]["GroupedEvent"]["event"]["Event"]["id"] == wanted
    assert watcher.heard.empty()


async def test_an_event_that_cannot_be_decoded_is_known_by_what_the_edge_saw(plant: Plant, watcher: Watcher) -> None:
    await watcher.wish(event="ab" * 16)
    broken = submission("a", "!")
    await plant.send(msgspec.structs.replace(broken, meta={**broken.meta, "event_id": "AB" * 16}))
    await plant.run()
    (call,) = await watcher.next(1)
    assert (call.hook, call.outcome) == ("ingest_protocols", "failed")


async def test_a_fact_about_an_event_is_told(house: Any, watcher: Watcher) -> None:
    house.add("scrub", scrub_events)
    house.add("hears", on_fact=lambda fact: None)
    await watcher.wish(event="ab" * 16)
    for id in ("cd" * 16, "ab" * 16):
        fact = Fact(id, "issue.created", 1, 0.0, {"event_id": id})
        await house.dispatcher.ask("hears", "on_fact", answered, fact=fact)
    (call,) = await watcher.next(1)
    assert call.given["fact"]["Fact"]["id"] == "ab" * 16


async def test_nothing_is_noted_once_nobody_watches_any_more(
    house: Any, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("scrub", scrub_events)
    house.add("well", plugin_health=lambda: None)
    assert house.dispatcher.watch is None
    monkeypatch.setattr(tracing, "LEASE", 0.0)
    await watcher.wish()
    assert house.dispatcher.watch is not None
    await house.dispatcher.ask("well", "plugin_health", answered)
    await watcher.next(1)
    await asyncio.sleep(0)
    assert house.dispatcher.watch is None


async def test_more_calls_than_can_be_told_are_counted_and_hold_nothing_up(house: Any, watcher: Watcher) -> None:
    house.add("scrub", scrub_events)
    await watcher.wish()

    async def work() -> int:
        return 1

    for _ in range(MOST_WAITING + 10):  # nothing of this lets the teller have its turn
        assert await house.dispatcher.step("busy", "store", {}, work()) == 1
    assert (await watcher.next(1))[0].missed == 10
    assert {call.missed for call in await watcher.next(MOST_WAITING - 1)} == {0}


async def test_what_cannot_be_shown_harms_neither_the_call_nor_the_next(
    house: Any, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(dict[str, str]):
        def items(self) -> Any:
            raise RuntimeError("odd")

    house.add("scrub", scrub_events)
    house.add("odd", plugin_health=lambda: Odd())
    house.add("well", plugin_health=lambda: None)
    await watcher.wish()
    await house.dispatcher.ask("odd", "plugin_health", answered)
    await house.dispatcher.ask("well", "plugin_health", answered)
    assert (await watcher.next(1))[0].plugin == "well"
    assert "a call of odd in plugin_health cannot be shown" in caplog.text


async def test_a_bus_that_is_away_keeps_nobody_from_being_told_later(
    house: Any, bus: MemoryBus, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("scrub", scrub_events)
    house.add("well", plugin_health=lambda: None)
    await watcher.wish()
    tried, broadcast = asyncio.Event(), bus.broadcast

    async def away(subject: str, data: bytes) -> None:
        tried.set()
        raise Unavailable("the bus is away")

    monkeypatch.setattr(bus, "broadcast", away)
    await house.dispatcher.ask("well", "plugin_health", answered)
    await tried.wait()
    monkeypatch.setattr(bus, "broadcast", broadcast)
    await house.dispatcher.ask("well", "plugin_health", answered)
    assert (await watcher.next(1))[0].plugin == "well"


async def test_a_wish_that_is_none_is_refused(watcher: Watcher) -> None:
    with pytest.raises(Reject):
        await watcher.tracer.hear("", b"nonsense")


def test_a_call_is_printed_so_that_no_terminal_takes_it_for_a_command() -> None:
    from amber.cli.trace import lines

    call = Call(
        "edge-1", 0.5, "keys", "authenticate", 0.0012, "failed", "/a\x1b[2J", {"request": "\x1b]0;"}, None, "\x1b"
    )
    printed = "\n".join(lines(msgspec.structs.replace(call, missed=3)))
    assert "\x1b" not in printed
    assert "3 calls more" in printed
    assert "1.20 ms" in printed
