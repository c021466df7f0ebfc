"""Actions that may be refused, tried once or by several threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from amber.errors import Reject

ACCEPTED = 200


def refusal(action: Callable[[], object]) -> Reject:
    """What the action was refused with."""
    try:
        action()
    except Reject as refused:
        return refused
    raise AssertionError("the action was not refused")


def at_once(*actions: Callable[[], object]) -> list[int]:
    """What becomes of actions that all begin together: 200, or the status they were refused with, sorted."""
    start = Barrier(len(actions))

    def attempt(action: Callable[[], object]) -> int:
        start.wait()
        try:
            action()
        except Reject as refused:
            return refused.status
        return ACCEPTED

    with ThreadPoolExecutor(len(actions)) as threads:
        return sorted(threads.map(attempt, actions))
