import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from amber.digesting.handlers import Handlers
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.model import Handled, Item, ItemHandler, OutcomeCount

pytestmark = pytest.mark.anyio
HOUR = 100


def item(number: int, type: str = "log", payload: bytes = b"") -> Item:
    return Item(f"s:{number}", type, type, 1, HOUR * 3600.0, payload)


def stored(items: Sequence[Item], ctx: Any) -> list[Handled]:
    return [Handled() for _ in items]


async def make_handlers(house: Any, **claims: Any) -> Handlers:
    for plugin, (types, handle) in claims.items():
        house.add(plugin, item_handlers=lambda types=types, handle=handle: [ItemHandler(types, handle)], budget_ms=50)
    handlers = Handlers(house.dispatcher)
    await handlers.start()
    return handlers


async def test_items_go_in_one_batch_to_the_plugin_that_claims_them(house: Any) -> None:
    batches: list[tuple[list[str], Any]] = []

    async def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        batches.append(([one.id for one in items], ctx))
        return [Handled("stored") if one.type == "log" else Handled("filtered", "old") for one in items]

    house.dispatcher.contexts["a"] = "context of a"
    handlers = await make_handlers(house, a=(("log", "trace"), handle), b=(("log", "replay"), stored))
    result = await handlers.handle([item(1), item(2, "replay"), item(3, "trace")])
    assert batches == [(["s:1", "s:3"], "context of a")]
    assert {(one.category, one.outcome, one.reason, one.hour) for one in result.outcomes} == {
        ("log", "stored", "", HOUR),
        ("trace", "filtered", "old", HOUR),
        ("replay", "stored", "", HOUR),
    }
    assert result.failed == []


async def test_a_type_nobody_claims_is_unhandled(house: Any) -> None:
    result = await (await make_handlers(house)).handle([item(1, "x" * 99)])
    assert [(one.outcome, one.reason) for one in result.outcomes] == [("unhandled", "x" * 64)]


async def test_what_an_item_tells_of_is_counted_too(house: Any) -> None:
    told = (OutcomeCount(1, "error", "client_discard", "queue", 5), OutcomeCount(1, "error", "client_discard", hour=7))
    handlers = await make_handlers(house, a=(("report",), lambda items, ctx: [Handled(counts=told)]))
    outcomes = (await handlers.handle([item(1, "report")])).outcomes
    assert [(one.outcome, one.quantity, one.hour) for one in outcomes[1:]] == [
        ("client_discard", 5, HOUR),
        ("client_discard", 1, 7),
    ]


@pytest.mark.parametrize(
    "handled",
    [
        Handled("accepted"),
        Handled("rate_limited"),
        Handled("invalid", "http 400"),
        Handled("lost"),
        Handled(counts=(OutcomeCount(1, "error", "stored"),)),
    ],
)
async def test_what_would_unbalance_the_counts_is_no_answer(house: Any, handled: Handled) -> None:
    handlers = await make_handlers(house, a=(("log",), lambda items, ctx: [handled]))
    [(_, error)] = (await handlers.handle([item(1, "log")])).failed
    assert isinstance(error, PluginError)


async def test_an_item_that_breaks_its_handler_takes_no_other_with_it(house: Any) -> None:
    def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        if any(one.payload == b"poison" for one in items):
            raise ValueError("poison")
        return stored(items, ctx)

    handlers = await make_handlers(house, a=(("log",), handle))
    result = await handlers.handle([item(1), item(2, payload=b"poison"), item(3)])
    assert len(result.outcomes) == 2
    [(failed, error)] = result.failed
    assert (failed.id, type(error)) == ("s:2", PluginError)


def raising(error: Exception) -> Any:
    def handle(items: Sequence[Item], ctx: Any) -> list[Handled]:
        raise error

    return handle


async def never(items: Sequence[Item], ctx: Any) -> list[Handled]:
    await asyncio.Event().wait()
    return []


RUBBISH = [
    lambda items, ctx: None,
    lambda items, ctx: [],
    lambda items, ctx: ["x"] * len(items),
    raising(ValueError("oh")),
]


@pytest.mark.parametrize("handle", [*RUBBISH, never])
async def test_items_a_plugin_fails_on_are_told_with_the_plugins_name(house: Any, handle: Any) -> None:
    handlers = await make_handlers(house, bad=(("log",), handle), good=(("trace",), stored))
    result = await handlers.handle([item(1), item(2), item(3, "trace")])
    assert [(failed.id, getattr(error, "plugin", "")) for failed, error in result.failed] == [
        ("s:1", "bad"),
        ("s:2", "bad"),
    ]
    assert [one.category for one in result.outcomes] == ["trace"]
    assert house.metrics.cost("bad").errors


@pytest.mark.parametrize("error", [Retry(9), Reject("never")])
async def test_what_a_plugin_says_on_purpose_is_passed_on_and_is_no_fault(house: Any, error: Exception) -> None:
    handlers = await make_handlers(house, a=(("log",), raising(error)))
    result = await handlers.handle([item(1), item(2)])
    assert [(failed.id, told) for failed, told in result.failed] == [("s:1", error), ("s:2", error)]
    assert house.metrics.cost("a").errors == 0


async def test_an_outage_stops_the_whole_batch(house: Any) -> None:
    handlers = await make_handlers(house, a=(("log",), raising(Unavailable("away"))))
    with pytest.raises(Unavailable):
        await handlers.handle([item(1)])


@pytest.mark.parametrize("rubbish", [None, 5, ["x"], [ItemHandler]])
async def test_rubbish_for_handlers_claims_nothing(house: Any, rubbish: Any) -> None:
    house.add("bad", item_handlers=lambda: rubbish)
    handlers = Handlers(house.dispatcher)
    await handlers.start()
    assert [one.outcome for one in (await handlers.handle([item(1)])).outcomes] == ["unhandled"]
    assert house.metrics.cost("bad").errors == 1
