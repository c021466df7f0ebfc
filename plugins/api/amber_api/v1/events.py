"""Events: each error or message as it was sent, normalised and scrubbed."""

from typing import Any

from litestar import get
from msgspec import Struct

from amber.model import Attachment, EventSummary, StoredEvent, rfc3339
from amber_api.v1.paths import EventPath, IssuePath, ProjectPath
from amber_api.v1.query import Paging, Query, queried
from amber_api.v1.shapes import PROBLEMS, Listing, paged
from amber_api.v1.tenant import Caller, event_id_of, existing


class EventItem(Struct, frozen=True):
    """An event as a line in a list."""

    event_id: str
    timestamp: str
    received_at: str
    title: str
    level: str
    release: str | None
    environment: str | None
    user: str | None


class AttachmentItem(Struct, frozen=True):
    """A file that came with an event; `size` is in bytes."""

    id: str
    name: str
    content_type: str
    type: str
    size: int
    received_at: str


class EventDetail(Struct, frozen=True):
    """A whole event. `data` follows Sentry's event schema; `grouping` says why it belongs to its issue."""

    event_id: str
    issue_id: str | None
    project: str
    title: str
    culprit: str
    level: str
    timestamp: str
    received_at: str
    data: dict[str, Any]
    grouping: dict[str, Any]
    attachments: list[AttachmentItem]


@get(
    "/issues/{issue:str}/events",
    action="project:read",
    tags=["events"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(Paging),
)
def list_issue_events(tenant: Caller, issue: IssuePath, asked: Query[Paging]) -> Listing[EventItem]:
    """The issue's events, newest first."""
    known = tenant.issue(issue)
    keys = tenant.issues.issue_keys(known.id)
    return paged(tenant.events.list_events(known.project, keys, asked.cursor, asked.limit), _line)


@get(
    "/projects/{project:str}/events/{event_id:str}",
    action="project:read",
    tags=["events"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def get_event(tenant: Caller, project: ProjectPath, event_id: EventPath) -> EventDetail:
    """One whole event; its id is 32 hex digits, with or without dashes."""
    known = tenant.project(project)
    event = existing(tenant.events.get_event(known.id, event_id_of(event_id)), "event")
    issue = tenant.issues.find_issue(known.id, event.key)
    return _whole(event, str(issue.id) if issue else None, tenant.events.list_attachments(known.id, event.event_id))


def _line(one: EventSummary) -> EventItem:
    return EventItem(
        event_id=one.event_id,
        timestamp=rfc3339(one.timestamp),
        received_at=rfc3339(one.received_at),
        title=one.title,
        level=one.level,
        release=one.release or None,
        environment=one.environment or None,
        user=one.user or None,
    )


def _whole(event: StoredEvent, issue: str | None, attachments: tuple[Attachment, ...]) -> EventDetail:
    return EventDetail(
        event_id=event.event_id,
        issue_id=issue,
        project=str(event.project),
        title=event.title,
        culprit=event.culprit,
        level=event.level,
        timestamp=rfc3339(event.timestamp),
        received_at=rfc3339(event.received_at),
        data=dict(event.data),
        grouping=dict(event.grouping),
        attachments=[_attached(one) for one in attachments],
    )


def _attached(one: Attachment) -> AttachmentItem:
    return AttachmentItem(one.id, one.name, one.content_type, one.type, one.size, rfc3339(one.received_at))


HANDLERS = (list_issue_events, get_event)
