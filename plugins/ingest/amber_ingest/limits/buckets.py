"""Token buckets in memory."""

import threading
from collections import OrderedDict

REMEMBERED = 50_000
"""Buckets kept; the one unused for longest makes room, which at worst forgives somebody silent."""


class Buckets:
    """A bucket for each name: as many tokens as its limit per minute, filled evenly."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, per_minute: int, quantity: int, now: float) -> float:
        """Take `quantity` tokens: 0.0 if they were there, else nothing is taken and the seconds until they will be.

        More than a whole bucket holds is granted to a full bucket, or it could never be granted at all.
        """
        with self._lock:
            level, since = self._levels.get(name, (float(per_minute), now))
            level = min(per_minute, level + max(0.0, now - since) * per_minute / 60)
            needed = min(quantity, per_minute)
            is_granted = level >= needed
            self._levels[name] = (level - needed if is_granted else level, now)
            self._levels.move_to_end(name)
            if len(self._levels) > REMEMBERED:
                self._levels.popitem(last=False)
            return 0.0 if is_granted else (needed - level) * 60 / per_minute
