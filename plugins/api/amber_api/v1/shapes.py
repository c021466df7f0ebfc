"""What answers of several routes have in common."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from amber.model import Page, rfc3339

T = TypeVar("T")
S = TypeVar("S")


class Listing(Struct, Generic[T], frozen=True):
    """A list, or one page of it; `next` is the `cursor` of the following page, null on the last."""

    items: list[T]
    next: str | None = None


class FieldError(Struct, frozen=True):
    """What is wrong with one field of the input."""

    field: str
    message: str


class Problem(Struct, frozen=True):
    """An error as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


PROBLEMS = {
    status: ResponseSpec(Problem, generate_examples=False, description=what, media_type="application/problem+json")
    for status, what in (
        (400, "The input cannot be used; `errors` names the fields"),
        (401, "No token, or one that is not known"),
        (403, "The token's scopes do not reach this"),
        (404, "Not there, or not yours"),
    )
}
"""How every route of the API can fail."""


def listing(values: Iterable[S], shown: Callable[[S], T]) -> Listing[T]:
    """All values of a list without pages."""
    return Listing([shown(value) for value in values])


def paged(page: Page[S], shown: Callable[[S], T]) -> Listing[T]:
    """A store's page as the API shows it."""
    return Listing([shown(value) for value in page.items], page.next)


def moment(seconds: float | None) -> str | None:
    """Unix seconds as RFC 3339; null where nothing happened yet."""
    return None if seconds is None else rfc3339(seconds)
