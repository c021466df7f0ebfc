"""How much of what a project is sent is taken."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

LIMITS = "limits"
"""The project setting that holds a list of limits; without it, those of `amber.toml` hold."""
HOUR, DAY = 3600, 86400
"""Their seconds."""
MOST_LIMITS = 50
FREE = frozenset({"internal"})
"""Categories that are never limited: what an SDK says about itself."""


class Limit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most `count` items in `window` seconds; 0 takes none.

    A `rate` is a bucket of `burst` items (without it, `count`) that fills evenly over the window. A `cap` counts from
    the window's start: whole hours, in UTC. The scope `key` counts each key for itself, or the one whose id is `key`.
    Without categories it is about all of them together.
    """

    count: Annotated[int, Meta(ge=0, le=10**9)]
    window: Annotated[int, Meta(ge=1, le=31 * DAY)] = 60
    kind: Literal["rate", "cap"] = "rate"
    scope: Literal["key", "project"] = "project"
    key: Annotated[str, Meta(max_length=20, pattern=r"^[0-9]*\Z")] = ""
    categories: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=30)] = ()
    burst: Annotated[int, Meta(ge=0, le=10**9)] = 0

    def __post_init__(self) -> None:
        if self.kind == "cap" and self.window % HOUR:
            raise ValueError("the window of a cap is a number of whole hours: 3600 or 86400 seconds, say")
        if self.kind == "cap" and self.burst:
            raise ValueError("a cap has no burst")
        if self.kind == "cap" and self.scope == "key":
            raise ValueError("a cap is about the whole project")
        if self.key and self.scope != "key":
            raise ValueError("a limit for one key has the scope key")

    def is_about(self, category: str) -> bool:
        """Whether items of a category count towards it."""
        return category in self.categories if self.categories else category not in FREE

    @property
    def reason(self) -> str:
        """How what it refuses is counted, such as `key_limit` or `project_cap`."""
        return f"{self.scope}_{'cap' if self.kind == 'cap' else 'limit'}"


_Limits = Annotated[tuple[Limit, ...], Meta(max_length=MOST_LIMITS)]


def read_limits(value: object) -> tuple[Limit, ...]:
    """Limits as a setting or a request holds them. Raises ValueError that names what is wrong."""
    found: tuple[Limit, ...] = msgspec.convert(value, _Limits, strict=True)
    return found


def limits_of(settings: Mapping[str, Any], otherwise: tuple[Limit, ...] = ()) -> tuple[Limit, ...]:
    """The limits of a project's settings; `otherwise` where it names none, or none that can be understood."""
    if LIMITS not in settings:
        return otherwise
    try:
        return read_limits(settings[LIMITS])
    except ValueError:  # the API and the console refuse such a value; whatever wrote it, ingest goes on
        return otherwise
