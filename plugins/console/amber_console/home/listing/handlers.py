"""`/issues`: the list, and what is done to many issues at once."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from msgspec import Struct

from amber.errors import Reject
from amber.model import IssueChange, IssueCounts, IssueStatus, Principal, Project
from amber_console.home.listing.done import done_of, done_query
from amber_console.home.listing.rows import DAY, environments_of, found_issues, rows_of
from amber_console.home.listing.search import parse
from amber_console.home.listing.view import PERIODS, SORTS, View, view_of
from amber_console.home.pages import Drawn, Pages, go, local_path
from amber_console.home.people import Names
from amber_console.home.start import start_page
from amber_console.home.visitor import ROW_ID, Looker, Visitor

Asked = Request[Principal, Any, Any]
DEEDS: dict[str, IssueStatus] = {"resolve": "resolved", "ignore": "ignored", "reopen": "unresolved"}
ASSIGN = "assign:"
MOST = 200
"""Issues one form may change."""


class Bulk(Struct, frozen=True):
    """The form around the list: which issues, what to do (`resolve`, `assign:` and somebody …), where to go then.

    A form that names one issue sends a text, one that names several a list.
    """

    change: str
    issue: list[str] | str = []
    next: str = "/issues"


@get("/issues", action="project:read", sync_to_thread=True)
def list_issues(request: Asked, visitor: Looker, pages: Drawn) -> Response[bytes]:
    """The issues that are asked for; before the first event, how to send one."""
    view = view_of(request.query_params)
    project = visitor.project(view.project) if view.project else None
    projects = [project] if project is not None else list(visitor.projects.values())
    counts = visitor.issues.count_issues([one.id for one in projects], visitor.now - DAY)
    if not (counts.unresolved or counts.resolved or counts.ignored):  # no event was ever stored
        return start_page(visitor, pages, project)
    return _drawn(visitor, pages, view, (projects, counts), done_of(request.query_params))


def _drawn(
    visitor: Visitor, pages: Pages, view: View, standing: tuple[list[Project], IssueCounts], done: Any
) -> Response[bytes]:
    projects, counts = standing
    search = parse(view.query)
    found = found_issues(visitor, view, search, projects)
    names = Names(visitor.people, visitor.teams)
    return pages.draw(
        "listing/page",
        visitor=visitor,
        view=view,
        search=search,
        project=projects[0] if view.project else None,
        counts=counts,
        rows=rows_of(visitor, view, found.items),
        next_cursor=found.next,
        environments=environments_of(visitor, found.items),
        periods=PERIODS.values(),
        sorts=SORTS,
        choices=(*names.people(), *names.groups()),
        done=done,
    )


@post("/issues/bulk", action="project:triage", sync_to_thread=True)
def change_many(visitor: Looker, data: URLEncodedBody[Bulk]) -> Response[Any]:
    """Resolve, ignore, reopen or assign the issues that were selected; then back to the list."""
    change = _change(visitor, data.change)
    named = [data.issue] if isinstance(data.issue, str) else data.issue[:MOST]
    theirs = [_theirs(visitor, ref) for ref in dict.fromkeys(named)]
    back = local_path(data.next)
    if not theirs:
        return go(back)
    changed = visitor.issues.change_issues(theirs, change, visitor.audit("issue.change", " ".join(map(str, theirs))))
    return go(done_query(back, data.change, [one.id for one in changed]))


def _change(visitor: Visitor, wanted: str) -> IssueChange:
    if wanted in DEEDS:
        return IssueChange(status=DEEDS[wanted])
    names = Names(visitor.people, visitor.teams)
    assignee = wanted.removeprefix(ASSIGN)
    known = {one.value for one in (*names.people(), *names.groups())} | {""}
    if not wanted.startswith(ASSIGN) or assignee not in known:
        raise Reject("Issues can be resolved, ignored, reopened, or given to a member or a team; this is neither.")
    return IssueChange(assignee=assignee)


def _theirs(visitor: Visitor, ref: str) -> int:
    """An issue's id; `Reject` with 404, and nothing is changed, where it is not theirs."""
    known = visitor.issues.get_issue(int(ref)) if ROW_ID.fullmatch(ref) else None
    if known is None or known.project not in visitor.projects:
        raise Reject("One of these issues does not exist.", status=404)
    return known.id


HANDLERS = (list_issues, change_many)
