"""Which issues a query means, and in which order."""

from typing import Any

from sqlalchemy import Select, exists, select

from amber.errors import Reject
from amber.model import Issue, IssueQuery
from amber_storage.sql.bounds import bounded
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order
from amber_storage.sql.issue_rows import searchable
from amber_storage.sql.schema import issue_facets, issues

SORTS = ("last_seen", "first_seen", "count", "users")
MAX_TEXT = 1000


def order_of(sort: str) -> Order:
    """The order of that name."""
    if sort not in SORTS:
        raise Reject(f"sort: {sort!r} is not one of {', '.join(SORTS)}")
    return Order(sort, issues.c[sort], issues.c.id)


def matching_issues(query: IssueQuery) -> Select[Any]:
    """A SELECT of the issues the query means, in no order yet."""
    if len(query.text) > MAX_TEXT:
        raise Reject(f"text: longer than {MAX_TEXT} characters")
    found = select(*fields(issues, Issue)).where(issues.c.project == query.project)
    for column, wanted in ((issues.c.status, query.status), (issues.c.level, query.level)):
        if wanted:
            found = found.where(column == wanted)
    if query.text:
        found = found.where(issues.c.search.contains(searchable(query.text), autoescape=True))
    for name, value in (("release", query.release), ("environment", query.environment)):
        if value:
            found = found.where(_has_facet(name, value))
    return found


def _has_facet(name: str, value: str) -> Any:
    facet = issue_facets.c
    return exists().where(facet.issue == issues.c.id, facet.name == name, facet.value == bounded(value))
