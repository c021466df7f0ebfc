"""What the issue list shows: which project, environment and period, which query, in which order."""

from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urlencode

from msgspec import Struct, structs

from amber_console.home.listing.search import with_filter

Sort = Literal["last_seen", "first_seen", "count", "users"]
SORTS: Mapping[Sort, str] = {
    "last_seen": "Last seen",
    "first_seen": "First seen",
    "count": "Most events",
    "users": "Most users",
}
HOUR = 3600


class Period(Struct, frozen=True):
    """A span of time that ends now. `hours` is 0 for all time; a bar of the sparklines stands for `step` hours."""

    name: str
    title: str
    hours: int
    bars: int
    step: int


PERIODS = {
    one.name: one
    for one in (
        Period("24h", "24 hours", 24, 24, 1),
        Period("14d", "14 days", 14 * 24, 28, 12),
        Period("30d", "30 days", 30 * 24, 30, 24),
        Period("all", "All time", 0, 30, 24),
    )
}
DEFAULTS: Mapping[str, str] = {"query": "is:unresolved", "period": "14d", "sort": "last_seen"}
LONGEST = 500


class View(Struct, frozen=True):
    """The list's filters as they stand in its address."""

    project: str = ""
    environment: str = ""
    period: str = DEFAULTS["period"]
    query: str = DEFAULTS["query"]
    sort: Sort = "last_seen"
    cursor: str = ""

    @property
    def span(self) -> Period:
        """The period that is meant."""
        return PERIODS[self.period]

    @property
    def period_given(self) -> str:
        """The period, where it is not the usual one."""
        return "" if self.period == DEFAULTS["period"] else self.period

    def link(self, **changes: str) -> str:
        """The address of the list with these filters changed; it begins at its first page unless `cursor` is named."""
        wanted = structs.asdict(self) | {"cursor": ""} | changes
        given = {name: text for name, text in wanted.items() if text != DEFAULTS.get(name, "")}
        return f"/issues?{urlencode(given)}" if given else "/issues"

    def filtered(self, key: str, value: str) -> str:
        """The address of the list with one filter of the query changed."""
        return self.link(query=with_filter(self.query, key, value))


def view_of(asked: Mapping[str, str]) -> View:
    """The filters of an address; what it says of nothing, or wrongly, is as usual."""
    texts = {name: asked[name][:LONGEST] for name in View.__struct_fields__ if name in asked}
    texts = {name: text.strip() for name, text in texts.items()}
    if texts.get("period") not in PERIODS:
        texts.pop("period", None)
    if texts.get("sort") not in get_args(Sort):
        texts.pop("sort", None)
    return View(**texts)  # type: ignore[arg-type]  # `sort` was held against its literals above
