"""A clock that stands until it is told otherwise."""

from amber.testing.stores import NOON


class Clock:
    """What `ctx.now()` says. It begins at 2023-11-14 22:13:20 UTC."""

    def __init__(self, start: float = NOON) -> None:
        self.time = start

    def __call__(self) -> float:
        """The time in Unix seconds."""
        return self.time

    def set(self, time: float) -> None:
        """Make it a moment, in Unix seconds."""
        self.time = time

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
