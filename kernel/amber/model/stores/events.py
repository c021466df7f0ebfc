"""The store of events."""

from collections.abc import Sequence
from typing import Protocol

from amber.model.events import Attachment, GroupedEvent
from amber.model.issues import EventSummary, Feedback, Neighbours, Page, StoredEvent


class EventStore(Protocol):
    """Keeps events, attachments and feedback. Every write is keyed so that a repeat changes nothing."""

    def write_events(self, events: Sequence[GroupedEvent]) -> None:
        """Keep these events in one transaction; one known by (project, event id) stays as it was."""

    def get_event(self, project: int, event_id: str) -> StoredEvent | None:
        """The whole event, or None. `event_id` is 32 lower-case hex digits."""

    def list_events(self, project: int, keys: Sequence[str], cursor: str = "", limit: int = 50) -> Page[EventSummary]:
        """Events with one of these grouping keys, newest received first."""

    def neighbours(self, project: int, keys: Sequence[str], event_id: str) -> Neighbours:
        """The events before and after this one among those with these grouping keys; empty where it is not known."""

    def write_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Keep these attachments, keyed by their id."""

    def list_attachments(self, project: int, event_id: str) -> tuple[Attachment, ...]:
        """The attachments of one event, in the order they came."""

    def write_feedback(self, entries: Sequence[Feedback]) -> None:
        """Keep what people wrote, keyed by (project, id)."""

    def list_feedback(self, project: int, event_id: str = "", cursor: str = "", limit: int = 50) -> Page[Feedback]:
        """Feedback of a project, or of one event, newest first."""
