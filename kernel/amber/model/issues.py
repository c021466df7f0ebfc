"""Issues, and what stores take and answer."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from amber.model.events import GroupedEvent
from amber.model.items import OutcomeCount

T = TypeVar("T")
Mark = tuple[str, int]
"""Where a message stood: the stream's own id and the message's sequence number in it."""

IssueStatus = Literal["unresolved", "resolved", "ignored"]
"""What people decided about an issue."""


class Issue(Struct, frozen=True):
    """Events with one cause. Times are Unix seconds; `short_id` reads like `SHOP-1A`.

    `count` is how many events ever belonged to it, `pruned` how many of those retention has let go.
    """

    id: int
    project: int
    short_id: str
    title: str
    culprit: str
    level: str
    status: IssueStatus
    platform: str
    count: int
    users: int
    first_seen: float
    last_seen: float
    first_release: str = ""
    last_release: str = ""
    assignee: str = ""
    regressed_at: float | None = None
    pruned: int = 0

    @property
    def kept(self) -> int:
        """How many of its events are there to be looked at; never none."""
        return self.count - self.pruned


class Batch(Struct, frozen=True):
    """Everything a worker learned from some messages, to be applied at once or not at all."""

    marks: tuple[Mark, ...] = ()
    events: tuple[GroupedEvent, ...] = ()
    outcomes: tuple[OutcomeCount, ...] = ()


class Applied(Struct, frozen=True):
    """What applying a batch did: how many events were new, how many had been stored before.

    `outcomes` is all that the batch added to the counts: its events' outcomes and those it brought along. `gone` are
    those of the repeated events, as (project, event id), that retention had let go.
    """

    stored: int
    repeated: int
    outcomes: tuple[OutcomeCount, ...] = ()
    gone: tuple[tuple[int, str], ...] = ()


class IssueQuery(Struct, frozen=True):
    """Which issues of some projects, in which order.

    `text` is looked for in title and culprit, case does not matter. `assignee` is the exact assignee, or `none` for
    issues nobody has. `seen_since` (Unix seconds): last seen then or later; `is_regressed`: unresolved again after
    having been resolved.
    """

    projects: tuple[int, ...]
    status: str = ""
    level: str = ""
    text: str = ""
    release: str = ""
    environment: str = ""
    assignee: str = ""
    seen_since: float = 0.0
    is_regressed: bool = False
    sort: Literal["last_seen", "first_seen", "count", "users"] = "last_seen"
    cursor: str = ""
    limit: int = 50


class Facet(Struct, frozen=True):
    """How many of an issue's events have one value of `release` or `environment`. `last_seen` is Unix seconds."""

    name: str
    value: str
    count: int
    last_seen: float


class IssueCounts(Struct, frozen=True):
    """How many issues there are in each status; `regressed` of the unresolved came back since a given time."""

    unresolved: int = 0
    resolved: int = 0
    ignored: int = 0
    regressed: int = 0


class IssueChange(Struct, frozen=True):
    """What to change about issues; None leaves a field as it is, an empty assignee unassigns."""

    status: IssueStatus | None = None
    assignee: str | None = None


class Page(Struct, Generic[T], frozen=True):
    """One page of a list; `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: str | None = None


class StoredEvent(Struct, frozen=True):
    """An event as the store gives it back; `data` is the normalised, scrubbed body with what plugins added."""

    event_id: str
    project: int
    key: str
    timestamp: float
    received_at: float
    title: str
    culprit: str
    level: str
    data: Mapping[str, Any]
    grouping: Mapping[str, Any]


class Neighbours(Struct, frozen=True):
    """The events beside one event in its issue, in the order in which they were received; ids, empty at an end."""

    older: str = ""
    newer: str = ""
    oldest: str = ""
    newest: str = ""


class EventSummary(Struct, frozen=True):
    """An event as a line in a list."""

    event_id: str
    project: int
    timestamp: float
    received_at: float
    title: str
    level: str
    release: str
    environment: str
    user: str


class Feedback(Struct, frozen=True):
    """What a person wrote about an error, tied to an event where the SDK named one."""

    id: str
    project: int
    event_id: str
    name: str
    email: str
    message: str
    received_at: float
    data: Mapping[str, Any] = {}
