"""Token buckets in memory."""

from collections import OrderedDict

from msgspec import Struct

REMEMBERED = 50_000
"""Buckets kept; the one unused for longest makes room, which at worst forgives somebody silent."""


class Size(Struct, frozen=True):
    """A bucket of `burst` tokens that gets `rate` new ones a second."""

    burst: int
    rate: float


class Buckets:
    """A bucket for each name, full at first and filled evenly. For one thread at a time."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def level(self, name: str, size: Size, now: float) -> float:
        """How many tokens there are."""
        level, since = self._levels.get(name, (float(size.burst), now))
        return min(float(size.burst), level + max(0.0, now - since) * size.rate)

    def wait(self, name: str, size: Size, quantity: int, now: float) -> float:
        """Seconds until `quantity` tokens are there; 0.0: they are.

        More than a whole bucket holds is granted to a full bucket, or it could never be granted at all.
        """
        missing = min(quantity, size.burst) - self.level(name, size, now)
        return max(0.0, missing / size.rate)

    def take(self, name: str, size: Size, quantity: int, now: float) -> None:
        """Take tokens that are there."""
        self._levels[name] = (self.level(name, size, now) - min(quantity, size.burst), now)
        self._levels.move_to_end(name)
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
