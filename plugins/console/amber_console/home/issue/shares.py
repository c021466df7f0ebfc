"""How an issue's events spread over releases and environments."""

from collections.abc import Sequence

from msgspec import Struct

from amber.model import Facet
from amber_console.home.issue.values import sound
from amber_console.home.listing.search import with_filter

MOST = 5


class Share(Struct, frozen=True):
    """One value with its part of all events, per cent as a figure and in words; `query` finds issues that have it."""

    value: str
    count: int
    width: float
    percent: str
    last_seen: float
    query: str


class Spread(Struct, frozen=True):
    """The most frequent values of one name; `others` is how many more there are."""

    name: str
    shares: tuple[Share, ...]
    others: int


def spreads(facets: Sequence[Facet]) -> tuple[Spread, ...]:
    """The spread of each name, names in the order in which they come."""
    names = dict.fromkeys(one.name for one in facets)
    return tuple(_spread(name, [one for one in facets if one.name == name]) for name in names)


def _spread(name: str, facets: Sequence[Facet]) -> Spread:
    total = sum(one.count for one in facets)
    shares = tuple(_share(one, 100 * one.count / max(1, total)) for one in facets[:MOST])
    return Spread(name, shares, max(0, len(facets) - MOST))


def _share(facet: Facet, part: float) -> Share:
    # No value that was seen is 0 %, and none but the only one is 100 %.
    percent = f"{part:.0f} %" if 1 <= part <= 99 or part == 100 else "< 1 %" if part < 1 else "> 99 %"
    return Share(
        facet.value,
        facet.count,
        round(part, 2),
        percent,
        facet.last_seen,
        with_filter("", facet.name, sound(facet.value)),
    )
