"""Several at work in one thread: each stands still before every call of a store, and goes on when it is told to."""

from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet
from msgspec import Struct


class Actor(Struct, frozen=True):
    """Somebody at work; `work` is what they have in hand, where it comes again should they die."""

    course: greenlet
    work: Any = None

    @property
    def is_done(self) -> bool:
        """Whether they came to their end."""
        return self.course.dead

    def go_on(self) -> None:
        """Do the call they stand before, and whatever follows until the next one."""
        self.course.switch()

    def die(self) -> None:
        """Die before the call they stand before."""
        self.course.throw(GreenletExit)


def begin(job: Callable[[], Any], work: Any = None) -> Actor:
    """Somebody who stands before the first call of their job."""
    actor = Actor(greenlet(job), work)
    actor.go_on()
    return actor


class InTurns:
    """A store before whose every call an actor stands still, and which tells `witness` what each call answered.

    The witness has methods named like the store's, for those it wants to hear of: they are given the answer, then what
    the store was given.
    """

    def __init__(self, store: Any, witness: Any) -> None:
        self._store, self._witness = store, witness

    def __getattr__(self, name: str) -> Any:
        call, tell = getattr(self._store, name), getattr(self._witness, name, None)

        def in_turn(*given: Any, **named: Any) -> Any:
            if (everybody := getcurrent().parent) is not None:
                everybody.switch()
            answer = call(*given, **named)
            if tell is not None:
                tell(answer, *given, **named)
            return answer

        return in_turn
