"""What was worked out for a field is remembered: an error that comes once mostly comes again, its JSON the same."""

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
REMEMBERED = 512
"""Answers a function remembers, those it was asked for last."""
LONGEST_REMEMBERED = 64 << 10
"""Bytes of a field that is worth keeping for that; longer ones are worked out each time."""


class Json(bytes):
    """A field as it came: whole, valid JSON that nothing has to be changed in.

    Its hash is computed once however often it is asked for, so it is cheap as a key; what is equal is equal byte by
    byte.
    """

    __slots__ = ()


def remembered(work: Callable[Concatenate[Json, P], T]) -> Callable[Concatenate[Json, P], T]:
    """The same function, its answers kept for the fields seen last.

    Only for functions whose answers follow from their arguments alone, and are changed by nobody.
    """
    kept: Callable[..., T] = lru_cache(REMEMBERED)(work)

    def answer(field: Json, /, *more: P.args, **named: P.kwargs) -> T:
        return (kept if len(field) <= LONGEST_REMEMBERED else work)(field, *more, **named)

    update_wrapper(answer, work)
    return answer
