"""An event loop whose time passes only when nothing else is left to do: hours of waiting take no time."""

import asyncio
import selectors
from collections.abc import Sequence
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Moves the loop's clock to the next timer instead of waiting for it."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Sequence[tuple[Any, int]]:
        assert timeout is not None, "nothing is left that could ever happen"
        self.loop.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop, and the clock it goes by."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds since long before the loop began."""
        return self.now
