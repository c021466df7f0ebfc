"""What was done to an issue, in words."""

from collections.abc import Sequence

from msgspec import Struct

from amber.model import AuditEntry, Issue
from amber_console.home.people import Names

STATUSES = {"resolved": "resolved this", "ignored": "ignored this", "unresolved": "reopened this"}


class Deed(Struct, frozen=True):
    """Who did what, and when (Unix seconds); `who` is empty for what happened by itself."""

    who: str
    what: str
    at: float


def deeds(issue: Issue, log: Sequence[AuditEntry], names: Names) -> tuple[Deed, ...]:
    """What was done to the issue and what became of it, newest first."""
    done = [Deed(names.actor(one.actor), what, one.at) for one in log if (what := _what(one, names))]
    happened = [Deed("", "First seen", issue.first_seen)]
    if issue.regressed_at is not None:
        happened.append(Deed("", "Seen again after it was resolved", issue.regressed_at))
    return tuple(sorted([*done, *happened], key=lambda one: one.at, reverse=True))


def _what(entry: AuditEntry, names: Names) -> str:
    status, assignee = entry.after.get("status"), entry.after.get("assignee")
    said = [STATUSES[status]] if isinstance(status, str) and status in STATUSES else []
    if isinstance(assignee, str):
        said.append(f"assigned this to {names.assignee(assignee)}" if assignee else "unassigned this")
    return " and ".join(said)
