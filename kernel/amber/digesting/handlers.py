"""Items that are not events, handed in batches to the plugins that claim their types."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from amber.errors import AmberError, PluginError, Reject, Retry
from amber.model import DISCARDED, Handled, Item, ItemHandler, OutcomeCount, is_end
from amber.plugin.dispatch import Dispatcher, check_fields


class Result(Struct, frozen=True):
    """What became of a batch of items."""

    outcomes: list[OutcomeCount]
    failed: list[tuple[Item, AmberError]]


class Handlers:
    """Who takes which type."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._claims: dict[str, tuple[str, ItemHandler]] = {}

    async def start(self) -> None:
        """Ask every plugin which types it takes; the first in order gets a type."""
        claims: dict[str, tuple[str, ItemHandler]] = {}
        for answer in await self._dispatcher.collect("item_handlers", _all_handlers):
            for handler in answer.value:
                for kind in handler.types:
                    claims.setdefault(kind, (answer.plugin, handler))
        self._claims = claims

    async def handle(self, items: Sequence[Item]) -> Result:
        """Each item's outcome; a type nobody claims is `unhandled`."""
        result = Result([], [])
        batches: dict[int, tuple[str, ItemHandler, list[Item]]] = {}
        for item in items:
            claim = self._claims.get(item.type)
            if claim is None:
                result.outcomes.append(outcome_of(item, Handled("unhandled", item.type[:64])))
            else:
                plugin, handler = claim
                batches.setdefault(id(handler), (plugin, handler, []))[2].append(item)
        for plugin, handler, batch in batches.values():
            await self._ask(plugin, handler, batch, result)
        return result

    async def _ask(self, plugin: str, handler: ItemHandler, items: Sequence[Item], result: Result) -> None:
        """Hand over a batch; one that fails is halved until the items that make it fail stand alone."""
        ctx = self._dispatcher.contexts.get(plugin)
        try:
            answers = await self._dispatcher.call(
                plugin, "item_handlers", _one_for_each(len(items)), lambda: handler.handle(items, ctx), {"items": items}
            )
        except (PluginError, Reject, Retry) as error:
            is_late = isinstance(error, PluginError) and isinstance(error.cause, TimeoutError)
            if len(items) == 1 or is_late or isinstance(error, Retry):
                result.failed.extend((item, error) for item in items)
                return
            middle = len(items) // 2
            await self._ask(plugin, handler, items[:middle], result)
            await self._ask(plugin, handler, items[middle:], result)
            return
        for item, handled in zip(items, answers, strict=True):
            result.outcomes.append(outcome_of(item, handled))
            hour = int(item.received_at // 3600)
            result.outcomes.extend(replace(count, hour=count.hour or hour) for count in handled.counts)


def outcome_of(item: Item, handled: Handled) -> OutcomeCount:
    """What an item adds to the counts."""
    hour = int(item.received_at // 3600)
    return OutcomeCount(item.project, item.category, handled.outcome, handled.reason, item.quantity, hour)


def _all_handlers(value: Any) -> Sequence[ItemHandler]:
    if not all(isinstance(one, ItemHandler) for one in value):
        raise TypeError("item_handlers answered something else than ItemHandlers")
    return list(value)


def _one_for_each(count: int) -> Callable[[Any], Sequence[Handled]]:
    def check(value: Any) -> Sequence[Handled]:
        answers = list(value)
        if len(answers) != count or not all(isinstance(one, Handled) for one in answers):
            raise TypeError(f"handle answered {len(answers)} entries for {count} items, or not Handled")
        for one in answers:
            check_fields(one)
            _check_outcomes(one)
        return answers

    return check


def _check_outcomes(handled: Handled) -> None:
    """Every accepted item meets one end, or the counts would never add up."""
    if not is_end(handled.outcome, handled.reason):
        raise ValueError(f"answered {handled.outcome!r} ({handled.reason!r}), which is no end of an accepted item")
    if any(count.outcome != DISCARDED for count in handled.counts):
        raise ValueError(f"counted other outcomes beside the item's own than {DISCARDED}")
