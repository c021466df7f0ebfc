"""`/issues`: events with one cause."""

from typing import Annotated, Literal

from litestar import get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amber.model import Issue, IssueChange, IssueQuery, IssueStatus, Level, rfc3339
from amber_api.v1.paths import IssuePath, ProjectPath
from amber_api.v1.query import END, PLAIN, Paging, Query, Words, invalid, queried
from amber_api.v1.shapes import PROBLEMS, Listing, moment, paged
from amber_api.v1.tenant import Caller, row_id

Assignee = Annotated[str, Meta(max_length=200, pattern=rf"^{PLAIN}*{END}", description="Null for nobody")] | None


class IssueItem(Struct, frozen=True):
    """An issue. `count` is how many events it has ever had, `kept` how many of them, the newest, are still there."""

    id: str
    short_id: str
    project: str
    title: str
    culprit: str
    level: str
    status: IssueStatus
    platform: str
    count: int
    kept: int
    users: int
    first_seen: str
    last_seen: str
    first_release: str | None
    last_release: str | None
    assignee: str | None
    regressed_at: str | None


class IssueFilter(Paging, frozen=True, forbid_unknown_fields=True):
    """Which issues, in which order; what is left empty is not asked for."""

    status: Annotated[IssueStatus | Literal[""], Meta(description="unresolved, resolved or ignored")] = ""
    level: Annotated[Level | Literal[""], Meta(description="debug, info, warning, error or fatal")] = ""
    text: Annotated[Words, Meta(description="Found in title or culprit, in either case")] = ""
    release: Annotated[Words, Meta(description="Seen in this release")] = ""
    environment: Annotated[Words, Meta(description="Seen in this environment")] = ""
    assignee: Annotated[Words, Meta(description="Assigned to exactly this; `none`: to nobody")] = ""
    seen_since: Annotated[float, Meta(ge=0, description="Last seen then or later, in Unix seconds")] = 0.0
    is_regressed: Annotated[bool, Meta(description="Came back after having been resolved")] = False
    sort: Annotated[
        Literal["last_seen", "first_seen", "count", "users"], Meta(description="What comes first: the most of this")
    ] = "last_seen"


class IssuePatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about an issue; fields left out stay as they are."""

    status: IssueStatus | UnsetType = UNSET
    assignee: Assignee | UnsetType = UNSET


class BulkPatch(IssuePatch, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change about several issues of one project."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=200)]


class Updated(Struct, frozen=True):
    """How many issues were there to change."""

    updated: int


@get(
    "/projects/{project:str}/issues",
    action="project:read",
    tags=["issues"],
    responses=PROBLEMS,
    sync_to_thread=True,
    **queried(IssueFilter),
)
def list_issues(tenant: Caller, project: ProjectPath, asked: Query[IssueFilter]) -> Listing[IssueItem]:
    """The project's issues, filtered and sorted."""
    wanted = IssueQuery(projects=(tenant.project(project).id,), **structs.asdict(asked))
    return paged(tenant.issues.list_issues(wanted), _shown)


@get("/issues/{issue:str}", action="project:read", tags=["issues"], responses=PROBLEMS, sync_to_thread=True)
def get_issue(tenant: Caller, issue: IssuePath) -> IssueItem:
    """One issue."""
    return _shown(tenant.issue(issue))


@patch("/issues/{issue:str}", action="project:triage", tags=["issues"], responses=PROBLEMS, sync_to_thread=True)
def change_issue(tenant: Caller, issue: IssuePath, data: JSONBody[IssuePatch]) -> IssueItem:
    """Resolve, ignore, reopen or assign an issue."""
    known = tenant.issue(issue)
    return next(map(_shown, _change(tenant, [known.id], data)), _shown(known))


@post(
    "/projects/{project:str}/issues/bulk",
    action="project:triage",
    tags=["issues"],
    responses=PROBLEMS,
    status_code=200,
    sync_to_thread=True,
)
def change_issues(tenant: Caller, project: ProjectPath, data: JSONBody[BulkPatch]) -> Updated:
    """Change up to 200 issues of a project at once; ids that are none of its issues are left out."""
    known = tenant.project(project)
    found = (tenant.issues.get_issue(number) for number in dict.fromkeys(map(row_id, data.ids)) if number)
    theirs = [issue.id for issue in found if issue is not None and issue.project == known.id]
    return Updated(len(_change(tenant, theirs, data)))


def _change(tenant: Caller, issues: list[int], data: JSONBody[IssuePatch]) -> tuple[Issue, ...]:
    if data.status is UNSET and data.assignee is UNSET:
        invalid("status", "give a status, an assignee or both", "body")
    status = None if data.status is UNSET else data.status
    change = IssueChange(status, None if data.assignee is UNSET else data.assignee or "")
    after = {name: value for name, value in structs.asdict(change).items() if value is not None}
    audit = tenant.audit("issue.change", " ".join(map(str, issues)), after)
    return tenant.issues.change_issues(issues, change, audit)


def _shown(one: Issue) -> IssueItem:
    return IssueItem(
        id=str(one.id),
        short_id=one.short_id,
        project=str(one.project),
        title=one.title,
        culprit=one.culprit,
        level=one.level,
        status=one.status,
        platform=one.platform,
        count=one.count,
        kept=one.kept,
        users=one.users,
        first_seen=rfc3339(one.first_seen),
        last_seen=rfc3339(one.last_seen),
        first_release=one.first_release or None,
        last_release=one.last_release or None,
        assignee=one.assignee or None,
        regressed_at=moment(one.regressed_at),
    )


HANDLERS = (list_issues, get_issue, change_issue, change_issues)
