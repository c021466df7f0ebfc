"""Values for tests of stores, and a store of issues so small that it is plainly right."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from amber.model import (
    AuditEntry,
    Batch,
    Directory,
    Event,
    Fact,
    GroupedEvent,
    Grouping,
    IssueStore,
    Member,
    OutcomeCount,
    Project,
    Role,
    User,
)

NOON = 1_700_000_000.0
"""A moment all these values are near, in Unix seconds."""

HOSTILE_TEXTS = (
    "",
    "'; DROP TABLE issues; --",
    '"quoted" `ticks` \\ backslash % _ [a-z]* ?',
    "\u202eright to left\u202c \U0001f9e8\u200d\U0001f525 e\u0301 \ufeff\uffff \x01\x7f\x85",
    "İstanbul ß ſ ǅ",
    ":colon %(percent)s %s {brace} $1 ?1",
    "line\nline\r\nline\ttab",
    "null",
    "x" * 8192,
    "\U0001f4a5" * 2048,
)
"""Texts that have broken stores before."""

BAD_CURSORS = ("x", "====", "\u00e4", "\ud800", "W10", "bnVsbA", "eyJhIjoxfQ", "A" * 5000)
"""Texts that are no cursor of any list."""


def audit(action: str = "test.done", organisation: int = 0) -> AuditEntry:
    """An audit entry of somebody's."""
    return AuditEntry(
        organisation=organisation,
        actor="user:1",
        action=action,
        subject="test",
        at=NOON,
        before={"old": None},
        after={"new": [1, "two"]},
        client_ip="192.0.2.1",
    )


def grouping(key: str) -> Grouping:
    """A grouping with this key."""
    return Grouping(mechanism="test", version=3, key=key, summary="made for a test", parts=(("type", "E"), ("at", "f")))


def event(project: int, key: str, at: float = NOON, id: str = "", **data: Any) -> GroupedEvent:
    """An event that happened, and came, at `at`; `data` is its body. Without an id it gets one of its own."""
    body = {"platform": "python", "level": "error", **data}
    made = Event(id or uuid4().hex, project, "error", at, at, body)
    return GroupedEvent(made, grouping(key), title=f"Error: {key}", culprit=f"module.{key}")


def new_project(directory: Directory, slug: str = "") -> Project:
    """A project in an organisation of its own."""
    slug = slug or f"p{uuid4().hex}"
    organisation = directory.add_organisation(f"o{uuid4().hex}", "Test", audit())
    return directory.add_project(organisation.id, slug, "Test", "python", audit(organisation=organisation.id))


def new_user(directory: Directory, name: str = "ann") -> User:
    """A user `<name>@example.org` who has no place anywhere."""
    wanted = User(0, f"{name}@example.org", name.title(), "hash", NOON)
    return directory.add_user(wanted, audit())


def new_member(directory: Directory, organisation: int, role: Role = "member", name: str = "ann") -> Member:
    """A new user with a place in the organisation."""
    return directory.add_member(organisation, new_user(directory, name).id, role, audit(organisation=organisation))


def facts_of(store: IssueStore, project: int, *types: str) -> list[Fact]:
    """A project's facts that wait in the outbox, oldest first; of these types where any is named."""
    mine = [fact for fact in store.pending_facts(100_000) if fact.project == project]
    return [fact for fact in mine if not types or fact.type in types]


class ReferenceIssues:
    """What `IssueStore.apply` promises about one project, as plain Python over dicts."""

    def __init__(self) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.seen: set[str] = set()
        self.marks: set[tuple[str, int]] = set()
        self.quantities: dict[tuple[int, str, str, str], int] = {}

    def apply(self, batch: Batch) -> bool:
        """Apply the batch; False, and nothing changed, if a mark of it was applied before."""
        if self.marks & set(batch.marks):
            return False
        self.marks |= set(batch.marks)
        fresh: dict[str, list[Event]] = {}
        for grouped in batch.events:
            made, known = grouped.event, grouped.event.id in self.seen
            self.seen.add(made.id)
            self._count(made.received_at, made.category, *(("filtered", "duplicate") if known else ("stored", "")))
            if not known:
                fresh.setdefault(grouped.grouping.key, []).append(made)
        for key, events in fresh.items():
            self._grow(key, events)
        for outcome in batch.outcomes:
            self._count(outcome.hour * 3600, outcome.category, outcome.outcome, outcome.reason, outcome.quantity)
        return True

    def resolve(self, key: str) -> None:
        """Resolve an issue."""
        if key in self.issues:
            self.issues[key]["status"] = "resolved"

    def as_outcomes(self, project: int) -> list[OutcomeCount]:
        """The outcomes counted so far, in the order a store answers them."""
        return [
            OutcomeCount(project, category, outcome, reason, quantity, hour)
            for (hour, category, outcome, reason), quantity in sorted(self.quantities.items())
        ]

    def _grow(self, key: str, events: Sequence[Event]) -> None:
        start: Mapping[str, Any] = {
            "count": 0,
            "people": frozenset(),
            "hours": Counter(),
            "status": "unresolved",
            "first_release": "",
            "last_release": "",
            "release_at": float("-inf"),
            "regressed_at": None,
        }
        issue = self.issues.setdefault(key, dict(start))
        issue["hours"] += Counter(int(made.received_at // 3600) for made in events)
        if issue["status"] == "resolved":
            issue |= {"status": "unresolved", "regressed_at": events[0].received_at}
        issue["count"] += len(events)
        issue["people"] |= _people(events)
        times = [made.timestamp for made in events]
        issue["first_seen"] = min([*times, issue.get("first_seen", times[0])])
        issue["last_seen"] = max([*times, issue.get("last_seen", times[0])])
        for made in sorted(events, key=lambda made: made.timestamp):
            if made.text("release"):
                issue["first_release"] = issue["first_release"] or made.text("release")
                if made.timestamp >= issue["release_at"]:
                    issue |= {"last_release": made.text("release"), "release_at": made.timestamp}

    def _count(self, at: float, category: str, outcome: str, reason: str, quantity: int = 1) -> None:
        place = int(at // 3600), category, outcome, reason
        self.quantities[place] = self.quantities.get(place, 0) + quantity


def _people(events: Iterable[Event]) -> frozenset[str]:
    return frozenset(made.user for made in events if made.user)
