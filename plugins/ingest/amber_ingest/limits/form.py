"""A project's limits as rows of a form, and how near they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber.errors import Reject
from amber.model import ACCEPTED, DAY, HOUR, LIMITS, IssueStore, Limit, Project, limits_of, read_limits

WHO: Mapping[str, str] = {
    "project": "All keys together",
    "key": "Each key for itself",
    "cap": "All keys together, as a cap",
}
WINDOWS: Mapping[str, str] = {"1": "second", "60": "minute", str(HOUR): "hour", str(DAY): "day"}
CATEGORIES: Mapping[str, str] = {
    "": "everything",
    "error": "errors",
    "transaction": "transactions",
    "span": "spans",
    "log_item": "logs",
    "session": "sessions",
    "attachment": "attachments",
    "replay": "replays",
    "profile": "profiles",
    "monitor": "check-ins",
    "feedback": "feedback",
}


class Standing(Struct, frozen=True):
    """A limit in words; `used` of its count are gone, None where only the edges know."""

    words: str
    count: int
    used: int | None
    refused: int

    @property
    def percent(self) -> int:
        """How much of it is used up."""
        return 0 if self.used is None else min(100, 100 * self.used // max(1, self.count))


def standings(store: IssueStore, project: Project, keys: Mapping[str, str], now: float) -> list[Standing]:
    """The project's own limits and how near they are; `refused` is what they refused in the last hour."""
    hour = int(now // HOUR)
    recent = store.outcomes(project.id, hour, hour + 1)
    found = []
    for limit in limits_of(project.settings):
        refused = sum(one.quantity for one in recent if one.reason == limit.reason and limit.is_about(one.category))
        used = _used(store, project, limit, now) if limit.kind == "cap" else None
        found.append(Standing(in_words(limit, keys), limit.count, used, refused))
    return found


def _used(store: IssueStore, project: Project, cap: Limit, now: float) -> int:
    since = int(now // cap.window) * cap.window // HOUR
    counts = store.outcomes(project.id, since, since + cap.window // HOUR)
    return sum(one.quantity for one in counts if one.outcome == ACCEPTED and cap.is_about(one.category))


def in_words(limit: Limit, keys: Mapping[str, str]) -> str:
    """A limit as a sentence's subject: "600 errors a minute from each key"."""
    kinds = [CATEGORIES.get(one, one) for one in limit.categories]
    what = " and ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds) or "items"
    window = WINDOWS.get(str(limit.window))
    often = f"a {window}" if window else f"in {limit.window:,} seconds"
    article = "an hour" if window == "hour" else often
    whose = f"from {keys.get(limit.key, 'key ' + limit.key)}" if limit.key else "from each key"
    burst = f", up to {limit.burst:,} at once" if limit.burst else ""
    return f"{limit.count:,} {what} {article} {whose if limit.scope == 'key' else 'for the project'}{burst}"


def filled(limits: Sequence[Limit]) -> list[dict[str, str]]:
    """The rows of a form: one for each limit, and an empty one."""
    rows = [
        {
            "count": str(one.count),
            "window": str(one.window),
            "who": "cap" if one.kind == "cap" else f"key {one.key}" if one.key else one.scope,
            "categories": " ".join(one.categories),
            "burst": str(one.burst) if one.burst else "",
        }
        for one in limits
    ]
    return [*rows, {"count": "", "window": "60", "who": "project", "categories": "", "burst": ""}]


Typed = Mapping[str, tuple[str, ...]]
"""The values of each field, as a form sent them."""


def rows_of(form: Typed) -> list[dict[str, str]]:
    """The rows as they were typed."""
    names = ("count", "window", "who", "categories", "burst")
    columns = [form.get(name, ()) for name in names]
    return [dict(zip(names, (one.strip() for one in row), strict=True)) for row in zip(*columns, strict=False)]


def read(form: Typed) -> tuple[Limit, ...]:
    """The limits a form holds; a row without a number is left out. Raises Reject that names the row."""
    found: list[Limit] = []
    for number, row in enumerate(rows_of(form), 1):
        if row["count"]:
            try:
                found += read_limits([_limit(row)])
            except ValueError as error:
                raise Reject("a limit cannot be used", causes=(f"limit {number} cannot be used: {error}",)) from None
    return tuple(found)


def _limit(row: Mapping[str, str]) -> dict[str, Any]:
    who, _, key = row["who"].partition(" ")
    count, window, burst = (int(row[name] or "0") for name in ("count", "window", "burst"))
    about = {"key": key} if key else {}
    kind = {"kind": "cap"} if who == "cap" else {"burst": burst}
    return {
        "count": count,
        "window": window,
        "scope": "key" if who == "key" else "project",
        "categories": row["categories"].split(),
        **about,
        **kind,
    }


def change(project: Project, limits: tuple[Limit, ...]) -> dict[str, object]:
    """What to change about a project for these limits to hold; nothing where they hold already."""
    plain = [
        {name: value for name, value in _plain(limit).items() if value not in ("", (), [], 0) or name == "count"}
        for limit in limits
    ]
    return {} if plain == project.settings.get(LIMITS) else {"settings": {LIMITS: plain or None}}


def _plain(limit: Limit) -> dict[str, object]:
    return {
        "count": limit.count,
        "window": limit.window,
        "kind": limit.kind,
        "scope": limit.scope,
        "key": limit.key,
        "categories": list(limit.categories),
        "burst": limit.burst,
    }
