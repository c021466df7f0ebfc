"""Looks up everything the issue page shows."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.errors import Reject
from amber.model import Attachment, AuditEntry, EventSummary, Feedback, Neighbours, Page, StoredEvent
from amber_console.home.issue.activity import Deed, deeds
from amber_console.home.issue.head import Head, head_of
from amber_console.home.issue.histogram import STEP, Histogram, histogram, span
from amber_console.home.issue.shares import Spread, spreads
from amber_console.home.people import Names
from amber_console.home.visitor import Visitor

EVENT_ID = re.compile(r"[0-9a-f]{32}")
NEWEST, OLDEST = "newest", "oldest"
DEEDS = 20
LINES = 50


class Surroundings(Struct, frozen=True):
    """What the margin of the page shows."""

    histogram: Histogram
    spreads: tuple[Spread, ...]


class Desk:
    """One issue as one visitor sees it; `Reject` with 404 for an issue or event that is not theirs."""

    def __init__(self, visitor: Visitor, ref: str) -> None:
        self._visitor = visitor
        self.issue, self.project = visitor.issue(ref)
        self._keys = visitor.issues.issue_keys(self.issue.id)

    @property
    def path(self) -> str:
        """The address of the page that is looked at."""
        return self._visitor.path

    def event(self, ref: str = NEWEST) -> StoredEvent | None:
        """The event with this id, the `newest` or the `oldest`; None where of those none is kept."""
        if ref in (NEWEST, OLDEST):
            return self._end(ref)
        plain = ref.replace("-", "").lower()
        known = self._visitor.events.get_event(self.project.id, plain) if EVENT_ID.fullmatch(plain) else None
        if known is None or known.key not in self._keys:
            raise Reject(
                "This issue has no such event; it may have been cleared away with others of its age.", status=404
            )
        return known

    def _end(self, ref: str) -> StoredEvent | None:
        last = next(iter(self.events(limit=1).items), None)
        if last is None:
            return None
        event = self.neighbours(last.event_id).oldest if ref == OLDEST else last.event_id
        return self._visitor.events.get_event(self.project.id, event or last.event_id)

    def events(self, cursor: str = "", limit: int = LINES) -> Page[EventSummary]:
        """The issue's events, newest first."""
        return self._visitor.events.list_events(self.project.id, self._keys, cursor, limit)

    def neighbours(self, event_id: str) -> Neighbours:
        """The events beside this one."""
        return self._visitor.events.neighbours(self.project.id, self._keys, event_id)

    def attachments(self, event_id: str) -> tuple[Attachment, ...]:
        """The event's files."""
        return self._visitor.events.list_attachments(self.project.id, event_id)

    def feedback(self, event_id: str) -> tuple[Feedback, ...]:
        """What people wrote about the event."""
        return self._visitor.events.list_feedback(self.project.id, event_id).items

    def surroundings(self) -> Surroundings:
        """How often, and where."""
        since, until = span(self._visitor.now)
        counts = self._visitor.issues.histograms([self.issue.id], since, until, STEP)
        return Surroundings(
            histogram(counts[self.issue.id], since), spreads(self._visitor.issues.facets(self.issue.id))
        )

    def standing(self) -> tuple[Head, tuple[Deed, ...]]:
        """The head of the page, and what was done to the issue."""
        visitor = self._visitor
        log = self._log()
        tokens = visitor.directory.tokens(visitor.organisation_id) if any("token:" in one.actor for one in log) else ()
        names = Names(visitor.people, visitor.teams, tokens)
        return head_of(self.issue, log, names, visitor.now), deeds(self.issue, log, names)

    def _log(self) -> tuple[AuditEntry, ...]:
        subject = f"issue:{self.issue.id}"
        return self._visitor.directory.audit_log(self._visitor.organisation_id, limit=DEEDS, subject=subject).items


def heading(desk: Desk) -> Mapping[str, Any]:
    """What the head of each of an issue's tabs shows."""
    return {"issue": desk.issue, "project": desk.project, "here": desk.path, "head": desk.standing()[0]}
