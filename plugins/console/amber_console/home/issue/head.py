"""The head of an issue: the one sentence its reader came for, and what can be done."""

from collections.abc import Sequence

from msgspec import Struct

from amber.model import AuditEntry, Issue
from amber_console.home.people import Choice, Names

DAY = 86_400.0
DONE = {"resolved": "Resolved", "ignored": "Ignored"}


class Clause(Struct, frozen=True):
    """A part of the sentence: words, a moment (Unix seconds) where there is one, more words."""

    words: str
    at: float | None = None
    after: str = ""


class Head(Struct, frozen=True):
    """What the head of the page says of an issue; `state` names its colour, `holder` is who has it, by name."""

    state: str
    sentence: tuple[Clause, ...]
    assignee: str
    people: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    holder: str


def head_of(issue: Issue, log: Sequence[AuditEntry], names: Names, now: float) -> Head:
    """The head of an issue; `log` is what was done to it, newest first."""
    state, opening = _opening(issue, log, names, now)
    return Head(
        state=state,
        sentence=(opening, *_figures(issue), *_times(issue, is_new=state == "new")),
        assignee=issue.assignee,
        people=names.people(),
        teams=names.groups(),
        holder=names.assignee(issue.assignee),
    )


def _opening(issue: Issue, log: Sequence[AuditEntry], names: Names, now: float) -> tuple[str, Clause]:
    if issue.status in DONE:
        deed = next((one for one in log if one.after.get("status") == issue.status), None)
        said = DONE[issue.status]
        return issue.status, Clause(said) if deed is None else Clause(said, deed.at, f"by {names.actor(deed.actor)}")
    if issue.regressed_at is not None:
        return "regressed", Clause("Regressed", issue.regressed_at)
    if now - issue.first_seen < DAY:
        return "new", Clause("New, first seen", issue.first_seen, _in(issue.first_release))
    return "unresolved", Clause("Unresolved")


def _figures(issue: Issue) -> tuple[Clause, ...]:
    events = Clause(f"{issue.count:,} {'event' if issue.count == 1 else 'events'}")
    users = Clause(f"{issue.users:,} {'user' if issue.users == 1 else 'users'}")
    return (events, users) if issue.users else (events,)


def _times(issue: Issue, is_new: bool) -> tuple[Clause, ...]:
    first = Clause("first seen", issue.first_seen, _in(issue.first_release))
    last = Clause("last seen", issue.last_seen, _in(issue.last_release))
    if issue.count == 1:
        return () if is_new else (Clause("seen", issue.last_seen, _in(issue.last_release)),)
    return (last,) if is_new else (first, last)


def _in(release: str) -> str:
    return f"in {release}" if release else ""
