"""The store of events."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from amber.model.events import Additions, Attachment, GroupedEvent
from amber.model.issues import EventSummary, Feedback, Neighbours, Page, StoredEvent
from amber.model.retention import EventPlace, Held


class EventStore(Protocol):
    """Keeps events, attachments and feedback. Every write is keyed so that a repeat changes nothing."""

    def write_events(self, events: Sequence[GroupedEvent]) -> frozenset[tuple[int, str]]:
        """Keep these events in one transaction; one known by (project, event id) stays as it was.

        Answers which were known: what is kept of these may be something else than what was given.
        """

    def write_additions(self, project: int, additions: Mapping[str, Mapping[str, Additions]]) -> None:
        """Keep, by event id, what plugins add to events that are there already, in the place of what the same plugins
        added before. Nothing else about the events changes; ids that are not there are no error.
        """

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

    # What retention asks for. Which events may go is the issue store's to say (`IssueStore.let_go`), because it counts.

    def held(self, project: int, received_before: float) -> Held:
        """How many events of a project are kept."""

    def oldest_events(
        self, project: int, received_before: float, cursor: str = "", limit: int = 50, received_since: float = 0.0
    ) -> Page[EventPlace]:
        """Events received before then and not before `received_since` (Unix seconds), oldest received first."""

    def attachments_of(self, project: int, ids: Sequence[str]) -> tuple[Attachment, ...]:
        """The attachments of these events, in no promised order."""

    def delete_events(self, project: int, ids: Sequence[str]) -> None:
        """Forget these events and what is written of their attachments; ids that are not there are no error."""

    def old_attachments(self, project: int, received_before: float, limit: int) -> tuple[Attachment, ...]:
        """Attachments received before then (Unix seconds), oldest first."""

    def delete_attachments(self, ids: Sequence[str]) -> None:
        """Forget what is written of these attachments; ids that are not there are no error."""

    def delete_feedback(self, project: int, received_before: float, limit: int) -> int:
        """Forget up to `limit` entries received before then (Unix seconds), oldest first; how many those were."""

    def give_back(self, most: int) -> bool:
        """Hand up to `most` pages of what deleting left empty back to the system; whether there is more to hand back.

        Some is kept for what comes next. An engine that looks after its space by itself answers False.
        """
