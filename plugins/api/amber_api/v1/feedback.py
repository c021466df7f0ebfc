"""`/projects/{project}/feedback`: what people wrote about errors."""

from typing import Annotated

from litestar import get
from msgspec import Meta, Struct

from amber.model import Feedback, rfc3339
from amber_api.v1.paths import ProjectPath
from amber_api.v1.query import Paging, Query, queried
from amber_api.v1.shapes import PROBLEMS, Listing, paged
from amber_api.v1.tenant import Caller, event_id_of


class FeedbackItem(Struct, frozen=True):
    """What one person wrote; `event_id` is set where the SDK named the error it is about."""

    id: str
    project: str
    event_id: str | None
    name: str
    email: str
    message: str
    received_at: str


class FeedbackFilter(Paging, frozen=True, forbid_unknown_fields=True):
    """Which feedback."""

    event_id: Annotated[str, Meta(max_length=36, description="About this event alone")] = ""


@get(
    "/projects/{project:str}/feedback",
    action="project:read",
    tags=["feedback"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(FeedbackFilter),
)
def list_feedback(tenant: Caller, project: ProjectPath, asked: Query[FeedbackFilter]) -> Listing[FeedbackItem]:
    """What people wrote, newest first."""
    event_id = event_id_of(asked.event_id) if asked.event_id else ""
    known = tenant.project(project)
    return paged(tenant.events.list_feedback(known.id, event_id, asked.cursor, asked.limit), _shown)


def _shown(one: Feedback) -> FeedbackItem:
    return FeedbackItem(
        id=one.id,
        project=str(one.project),
        event_id=one.event_id or None,
        name=one.name,
        email=one.email,
        message=one.message,
        received_at=rfc3339(one.received_at),
    )


HANDLERS = (list_feedback,)
