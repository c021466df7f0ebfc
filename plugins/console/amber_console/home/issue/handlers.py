"""The issue page's routes."""

import asyncio
from typing import Any, cast, get_args

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from msgspec import Struct

from amber.errors import Reject
from amber.model import IssueChange, IssueStatus, Principal, StoredEvent, Subject
from amber_console.home.added.slots import filled
from amber_console.home.issue.desk import NEWEST, Desk, heading
from amber_console.home.issue.event_view import event_view
from amber_console.home.issue.plain import plain_stack
from amber_console.home.pages import Drawn, Pages, go, local_path
from amber_console.home.people import Names
from amber_console.home.visitor import Looker, Visitor

Asked = Request[Principal, Any, Any]
SLOTS = ("issue.sidebar", "event.after")
"""Where plugins may add something."""


class Wish(Struct, frozen=True):
    """What a form asks for; None leaves a field as it is, an empty assignee unassigns, `next` is where to go then."""

    status: str | None = None
    assignee: str | None = None
    next: str = ""


@get("/issues/{issue:str}", action="project:read")
async def issue_page(visitor: Looker, pages: Drawn, issue: FromPath[str]) -> Response[bytes]:
    """One issue with its newest event."""
    return await _page(visitor, pages, issue, NEWEST)


@get("/issues/{issue:str}/events/{event:str}", action="project:read")
async def event_page(visitor: Looker, pages: Drawn, issue: FromPath[str], event: FromPath[str]) -> Response[bytes]:
    """One issue with a certain event: an id, `oldest` or `newest`."""
    return await _page(visitor, pages, issue, event)


@get("/issues/{issue:str}/events", action="project:read", sync_to_thread=True)
def events_page(request: Asked, visitor: Looker, pages: Drawn, issue: FromPath[str]) -> Response[bytes]:
    """The issue's events, newest first, a page at a time."""
    desk = Desk(visitor, issue)
    cursor = request.query_params.get("cursor", "")
    listed = desk.events(cursor)
    return pages.draw("issue/events", visitor=visitor, **heading(desk), events=listed, is_first=not cursor)


@post("/issues/{issue:str}/change", action="project:triage", status_code=200, sync_to_thread=True)
def change_issue(
    request: Asked, visitor: Looker, pages: Drawn, issue: FromPath[str], data: URLEncodedBody[Wish]
) -> Response[Any]:
    """Resolve, ignore, reopen or assign an issue; then back to where one was, or a new head for a page that stays."""
    desk = Desk(visitor, issue)
    change = _change(visitor, data)
    visitor.issues.change_issues([desk.issue.id], change, visitor.audit("issue.change", f"issue:{desk.issue.id}"))
    if request.headers.get("hx-request") != "true":
        return go(local_path(data.next, f"/issues/{desk.issue.id}"))
    now = Desk(visitor, issue)
    head, deeds = now.standing()
    return pages.draw("issue/changed", visitor=visitor, issue=now.issue, head=head, deeds=deeds, here=_here(data, now))


def _change(visitor: Visitor, wish: Wish) -> IssueChange:
    if wish.status is not None and wish.status not in get_args(IssueStatus):
        raise Reject("An issue is unresolved, resolved or ignored; it cannot be anything else.")
    names = Names(visitor.people, visitor.teams)
    known = {one.value for one in (*names.people(), *names.groups())} | {""}
    if wish.assignee is not None and wish.assignee not in known:
        raise Reject("An issue is given to a member of the organisation or to one of its teams; this is neither.")
    if wish.status is None and wish.assignee is None:
        raise Reject("The form asks for no change: it names neither a status nor an assignee.")
    return IssueChange(cast("IssueStatus | None", wish.status), wish.assignee)


async def _page(visitor: Visitor, pages: Pages, issue: str, ref: str) -> Response[bytes]:
    desk, event = await asyncio.to_thread(_found, visitor, issue, ref)
    subject = Subject(visitor.organisation_id, desk.project, desk.issue, event)
    slots = await filled(visitor, SLOTS, subject)
    return await asyncio.to_thread(lambda: pages.draw("issue/page", visitor=visitor, slots=slots, **_told(desk, event)))


def _found(visitor: Visitor, issue: str, ref: str) -> tuple[Desk, StoredEvent | None]:
    desk = Desk(visitor, issue)
    return desk, desk.event(ref)


def _told(desk: Desk, event: StoredEvent | None) -> dict[str, Any]:
    """Everything we ourselves show of an issue and one of its events."""
    head, deeds = desk.standing()
    shown = event_view(event) if event is not None else None
    return {
        "issue": desk.issue,
        "project": desk.project,
        "here": desk.path,
        "head": head,
        "deeds": deeds,
        "around": desk.surroundings(),
        "event": shown,
        "plain": plain_stack(shown) if shown is not None else "",
        "beside": desk.neighbours(shown.event_id) if shown is not None else None,
        "attachments": desk.attachments(shown.event_id) if shown is not None else (),
        "feedback": desk.feedback(shown.event_id) if shown is not None else (),
    }


def _here(wish: Wish, desk: Desk) -> str:
    return local_path(wish.next, f"/issues/{desk.issue.id}")


HANDLERS = (issue_page, event_page, events_page, change_issue)
