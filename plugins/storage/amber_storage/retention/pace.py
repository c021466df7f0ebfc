"""How much goes at once, and how long others may work undisturbed in between."""

LONGEST = 0.1
"""Seconds that one step should take: two transactions, so that a writer has to wait half as long at most."""
FEWEST, MOST = 100, 1000
"""Events in a step. Fewer would not make it shorter: most of what it takes is then the wait for the disk."""
REST = 4.0
"""Seconds of rest for each second of work: others have the database for four fifths of the time."""
SHORTEST_REST = 0.02


class Pace:
    """The size of the next step, which follows from how long the last one took."""

    def __init__(self, size: int = FEWEST, rest: float = REST) -> None:
        self.size, self._rest = size, rest

    def took(self, seconds: float) -> float:
        """Learn how long a step took; how many seconds to rest after it."""
        if seconds > LONGEST:
            self.size = max(FEWEST, self.size // 2)
        elif seconds < LONGEST / 2:
            self.size = min(MOST, self.size + self.size // 4)
        return max(SHORTEST_REST, seconds * self._rest) if self._rest else 0.0
