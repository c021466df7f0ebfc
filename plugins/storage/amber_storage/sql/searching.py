"""Which issues a query means, and in which order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from amber.errors import Reject
from amber.model import Issue, IssueQuery
from amber_storage.sql.bounds import bounded
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order
from amber_storage.sql.issue_rows import searchable
from amber_storage.sql.schema import issue_facets, issues

SORTS = ("last_seen", "first_seen", "count", "users")
MAX_TEXT = 1000
NOBODY = "none"
"""What a query names the assignee of issues that nobody has."""


def order_of(sort: str) -> Order:
    """The order of that name."""
    if sort not in SORTS:
        raise Reject(f"sort: {sort!r} is not one of {', '.join(SORTS)}")
    return Order(sort, issues.c[sort], issues.c.id)


def matching_issues(query: IssueQuery) -> Select[Any]:
    """A SELECT of the issues the query means, in no order yet."""
    if len(query.text) > MAX_TEXT:
        raise Reject(f"text: longer than {MAX_TEXT} characters")
    found = select(*fields(issues, Issue)).where(of_projects(query.projects))
    for column, wanted in ((issues.c.status, query.status), (issues.c.level, query.level)):
        if wanted:
            found = found.where(column == wanted)
    if query.text:
        found = found.where(issues.c.search.contains(searchable(query.text), autoescape=True))
    if query.assignee:
        found = found.where(issues.c.assignee == ("" if query.assignee == NOBODY else query.assignee))
    if query.seen_since:
        found = found.where(issues.c.last_seen >= query.seen_since)
    if query.is_regressed:
        found = found.where(issues.c.status == "unresolved", issues.c.regressed_at.is_not(None))
    for name, value in (("release", query.release), ("environment", query.environment)):
        if value:
            found = found.where(_has_facet(name, value))
    return found


def of_projects(projects: Sequence[int]) -> ColumnElement[bool]:
    """Whether an issue belongs to one of these projects."""
    # One project is asked for by `=`, so that its index gives the order as well.
    return issues.c.project == projects[0] if len(projects) == 1 else issues.c.project.in_(projects)


def _has_facet(name: str, value: str) -> Any:
    facet = issue_facets.c
    return exists().where(facet.issue == issues.c.id, facet.name == name, facet.value == bounded(value))
