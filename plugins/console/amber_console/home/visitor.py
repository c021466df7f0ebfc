"""Who looks at a page, and what is theirs to see."""

import heapq
import re
from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from amber import Context
from amber.errors import Denied, Reject
from amber.model import (
    Directory,
    EventStore,
    Issue,
    IssueQuery,
    IssueStore,
    Page,
    Principal,
    Project,
    StoredEvent,
    dsn,
)

LAST = 50
ROW_ID = re.compile(r"[1-9][0-9]{0,17}")


class Visitor:
    """The person (or token) behind a request for a page; whatever is not theirs does not exist for them."""

    def __init__(self, principal: Principal, ctx: Context[Any]) -> None:
        if principal.organisation is None:
            raise Denied("sign in", status=401)
        self.name = principal.name
        self._principal, self._organisation, self._ctx = principal, principal.organisation, ctx
        self._directory: Directory = ctx.role("directory")
        self._issues: IssueStore = ctx.role("issue_store")
        self._events: EventStore = ctx.role("event_store")

    def projects(self) -> dict[int, Project]:
        """The projects they may see, by id."""
        every = self._directory.projects(self._organisation)
        return {one.id: one for one in every if self._principal.project in (None, one.id)}

    def last_issues(self) -> list[Issue]:
        """The issues of all their projects that were seen last."""
        found: list[Page[Issue]] = [
            self._issues.list_issues(IssueQuery(project=project, limit=LAST)) for project in self.projects()
        ]
        return heapq.nlargest(LAST, (issue for page in found for issue in page.items), key=lambda one: one.last_seen)

    def issue(self, ref: str) -> tuple[Issue, Project]:
        """The issue with this id and its project; `Reject` with 404 where there is none for them."""
        found = self._issues.get_issue(int(ref)) if ROW_ID.fullmatch(ref) else None
        project = self.projects().get(found.project) if found is not None else None
        if found is None or project is None:
            raise Reject("There is no such issue.", status=404)
        return found, project

    def latest_event(self, issue: Issue) -> StoredEvent | None:
        """The issue's newest event, where one is kept."""
        keys = self._issues.issue_keys(issue.id)
        newest = next(iter(self._events.list_events(issue.project, keys, limit=1).items), None)
        return self._events.get_event(issue.project, newest.event_id) if newest is not None else None

    def first_dsn(self) -> str:
        """Where an SDK can send to: the first key that works; empty where there is none."""
        for project in self.projects().values():
            for key in self._directory.keys(project.id):
                if key.is_active:
                    return dsn(self._ctx.kernel("public_url"), key.public_key, project.id)
        return ""


Looker = NamedDependency[SkipValidation[Visitor]]
"""A handler's parameter `visitor`."""


def visitors(ctx: Context[Any]) -> Provide:
    """What gives every handler its `visitor`."""

    def visitor(request: Request[Principal, Any, Any]) -> Visitor:
        return Visitor(request.user, ctx)

    return Provide(visitor, sync_to_thread=False)
