import asyncio
import threading
from typing import Any

import pytest

from amber.errors import Denied, PluginError, Reject, Retry, Unavailable
from amber.plugin.dispatch import COOL_DOWN, TRIP_AFTER, Answer, Breaker

pytestmark = pytest.mark.anyio


def anything(value: Any) -> Any:
    return value


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"answered {type(value).__name__}")
    return value


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_every_plugin_is_asked_in_its_order(house: Any) -> None:
    for name in ("c", "a", "b", "d"):
        house.add(name, plugin_health=lambda name=name: name)
    house.dispatcher.order = {"plugin_health": ("d",)}
    house.dispatcher.ranks = {"b": 1}
    assert house.dispatcher.plugins("plugin_health") == ["d", "b", "a", "c"]
    answers = await house.dispatcher.collect("plugin_health", anything)
    assert [answer.plugin for answer in answers] == ["d", "b", "a", "c"]


async def test_plain_and_asynchronous_plugins_are_asked_alike(house: Any) -> None:
    async def late(ctx: Any) -> str:
        await asyncio.sleep(0)
        return f"late {ctx}"

    house.add("plain", plugin_health=lambda ctx: f"plain {ctx}")
    house.add("late", plugin_health=late)
    house.dispatcher.contexts = {"plain": 1, "late": 2}
    answers = await house.dispatcher.collect("plugin_health", text)
    assert answers == [Answer("late", "late 2"), Answer("plain", "plain 1")]


def hang(ctx: Any) -> str:
    threading.Event().wait(5)
    return "too late"


async def hang_asleep(ctx: Any) -> str:
    await asyncio.Event().wait()
    return "never"


async def leave(ctx: Any) -> str:
    raise SystemExit(1)


async def cancel_itself(ctx: Any) -> str:
    raise asyncio.CancelledError


def break_down(ctx: Any) -> str:
    raise ZeroDivisionError("oh")


def lack_a_right(ctx: Any) -> str:
    raise Denied("its plugin.toml lacks rights.tables")


def ask_again(ctx: Any) -> str:
    raise Retry(5)


def leave_at_once(ctx: Any) -> str:
    raise SystemExit(2)


BAD = [hang, hang_asleep, leave, cancel_itself, break_down, lack_a_right, ask_again, leave_at_once, lambda ctx: 5]


@pytest.mark.parametrize("bad", BAD)
async def test_a_plugin_that_fails_is_left_out_and_named(
    house: Any, bad: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.add("bad", plugin_health=bad, budget_ms=30)
    house.add("good", plugin_health=lambda: "well")
    assert await house.dispatcher.collect("plugin_health", text) == [Answer("good", "well")]
    with pytest.raises(PluginError, match="plugin bad failed in plugin_health"):
        await house.dispatcher.ask("bad", "plugin_health", text)
    assert "plugin bad failed in plugin_health" in caplog.text
    assert house.metrics.cost("bad").errors == 2
    assert house.metrics.cost("bad").last_error
    assert house.metrics.cost("good").errors == 0
    assert 'amber_plugin_errors_total{error="' in house.metrics.render().decode()


@pytest.mark.parametrize(
    ("hook", "arguments", "answer"),
    [
        ("authenticate", {"request": None}, Denied("revoked")),
        ("authenticate", {"request": None}, Unavailable("the database is away")),
        ("authorise", {"principal": None, "action": "", "resource": None}, Denied("no")),
        ("on_fact", {"fact": None}, Retry(5)),
        ("on_fact", {"fact": None}, Reject("never")),
        ("on_fact", {"fact": None}, Unavailable("the database is away")),
        ("scrub_events", {"events": (), "project": None}, Unavailable("the database is away")),
    ],
)
async def test_an_error_that_is_an_answer_passes_and_is_no_fault(
    house: Any, hook: str, arguments: Any, answer: Any
) -> None:
    async def raise_it() -> None:
        raise answer

    house.add("p", **{hook: raise_it})
    for _ in range(TRIP_AFTER + 1):
        with pytest.raises(type(answer)) as raised:
            await house.dispatcher.ask("p", hook, anything, **arguments)
        assert raised.value is answer
    assert house.metrics.cost("p").errors == 0


async def test_a_plugin_that_does_not_answer_a_hook_cannot_be_asked(house: Any) -> None:
    house.add("p", plugin_health=lambda: None)
    with pytest.raises(PluginError, match="it does not answer this hook"):
        await house.dispatcher.ask("p", "plugin_start", anything)


async def test_a_cancelled_caller_is_cancelled(house: Any) -> None:
    house.add("p", plugin_health=hang_asleep)
    task = asyncio.create_task(house.dispatcher.collect("plugin_health", anything))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_plugin_that_keeps_failing_is_left_alone_for_a_while(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    clock, asked = Clock(), []

    def sick() -> str:
        asked.append(1)
        if len(asked) <= TRIP_AFTER + 1:
            raise ValueError("sick")
        return "well"

    house.add("sick", plugin_health=sick)
    house.dispatcher.breaker = Breaker(clock)
    for _ in range(TRIP_AFTER + 3):
        await house.dispatcher.collect("plugin_health", anything)
    assert len(asked) == TRIP_AFTER
    assert house.dispatcher.breaker.is_tripped("sick")
    with pytest.raises(PluginError, match="left alone"):
        await house.dispatcher.ask("sick", "plugin_health", anything)
    clock.now += COOL_DOWN
    await house.dispatcher.collect("plugin_health", anything)
    await house.dispatcher.collect("plugin_health", anything)
    assert len(asked) == TRIP_AFTER + 1
    clock.now += COOL_DOWN
    assert await house.dispatcher.collect("plugin_health", anything) == [Answer("sick", "well")]
    assert not house.dispatcher.breaker.is_tripped("sick")
    assert "plugin sick answers again" in caplog.text
    assert f"failed {TRIP_AFTER} times in a row" in caplog.text


@pytest.mark.parametrize("hook", ["scrub_events", "ingest_protocols", "item_handlers", "on_fact"])
async def test_what_must_not_be_skipped_is_asked_however_often_it_failed(house: Any, hook: str) -> None:
    asked = []

    def sick() -> None:
        asked.append(1)
        raise ValueError("sick")

    for _ in range(TRIP_AFTER * 2):
        with pytest.raises(PluginError):
            await house.dispatcher.call("p", hook, anything, sick)
    assert len(asked) == TRIP_AFTER * 2


async def test_what_comes_with_amber_answers_quick_questions_without_a_thread(house: Any) -> None:
    def where() -> str:
        return threading.current_thread().name

    here = where()
    for name in ("ours", "strange"):
        house.add(name, admit_items=where)
    house.dispatcher.trusted = frozenset({"ours"})
    asked = {"items": (), "principal": None, "project": None}
    answers = await house.dispatcher.collect("admit_items", text, **asked)
    assert answers == [Answer("ours", here), Answer("strange", "plugin-strange")]
