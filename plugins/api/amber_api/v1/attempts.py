"""`/projects/{project}/targets/{target}/attempts`: what became of each delivery."""

import asyncio
from typing import Literal

from litestar import get, post
from msgspec import Struct

from amber.model import Attempt, rfc3339
from amber_api.v1.paths import AttemptPath, ProjectPath, TargetPath
from amber_api.v1.query import Paging, Query, queried
from amber_api.v1.shapes import PROBLEMS, Listing, paged
from amber_api.v1.tenant import Caller, existing, row_id


class AttemptItem(Struct, frozen=True):
    """One try to deliver; `dead` was given up. `seconds` is how long it took, `number` counts from 1."""

    id: str
    outcome: Literal["delivered", "failed", "dead"]
    detail: str
    kind: str
    title: str
    notification_id: str
    number: int
    at: str
    seconds: float


@get(
    "/projects/{project:str}/targets/{target:str}/attempts",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(Paging),
)
def list_attempts(
    tenant: Caller, project: ProjectPath, target: TargetPath, asked: Query[Paging]
) -> Listing[AttemptItem]:
    """The target's delivery log, newest first."""
    known = tenant.target(project, target)
    return paged(tenant.directory.attempts(known.id, asked.cursor, asked.limit), attempt_item)


@post(
    "/projects/{project:str}/targets/{target:str}/attempts/{attempt:str}/again",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    status_code=202,
)
async def send_again(tenant: Caller, project: ProjectPath, target: TargetPath, attempt: AttemptPath) -> AttemptItem:
    """Queue a delivery again that was given up."""
    known = await asyncio.to_thread(_attempt, tenant, project, target, attempt)
    await tenant.kernel("targets").again(known)
    return attempt_item(known)


def attempt_item(one: Attempt) -> AttemptItem:
    """An attempt as the API shows it."""
    return AttemptItem(
        id=str(one.id),
        outcome=one.outcome,
        detail=one.detail,
        kind=one.notification.kind,
        title=one.notification.title,
        notification_id=one.notification.id,
        number=one.number,
        at=rfc3339(one.at),
        seconds=one.seconds,
    )


def _attempt(tenant: Caller, project: str, target: str, ref: str) -> Attempt:
    home, number = tenant.target(project, target), row_id(ref)
    known = tenant.directory.attempt(number) if number else None
    return existing(known if known is not None and known.target == home.id else None, "attempt")


HANDLERS = (list_attempts, send_again)
