"""How much goes at once, and how long others may work undisturbed in between."""

LONGEST = 0.05
"""Seconds that one step should take at most: so long a writer may have to wait."""
FEWEST, MOST = 20, 1000
REST = 4.0
"""Seconds of rest for each second of work; together with the rows deleted, at most a fifth of the database's time."""
SHORTEST_REST = 0.02


class Pace:
    """The size of the next step, which follows from how long the last one took."""

    def __init__(self, size: int = 100, rest: float = REST) -> None:
        self.size, self._rest = size, rest

    def took(self, seconds: float) -> float:
        """Learn how long a step took; how many seconds to rest after it."""
        if seconds > LONGEST:
            self.size = max(FEWEST, self.size // 2)
        elif seconds < LONGEST / 2:
            self.size = min(MOST, self.size + self.size // 4)
        return max(SHORTEST_REST, seconds * self._rest) if self._rest else 0.0
