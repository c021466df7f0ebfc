"""Issues as rows of the list."""

from collections.abc import Sequence

from msgspec import Struct

from amber.model import Issue, IssueQuery, Page, Project
from amber_console.home.listing.search import Search
from amber_console.home.listing.sparkline import Sparkline, sparkline
from amber_console.home.listing.view import HOUR, View
from amber_console.home.people import Names
from amber_console.home.visitor import Visitor

LIMIT = 50
DAY = 24 * HOUR
LOOKED_AT = 8
"""Issues whose environments the environment menu offers."""


class Row(Struct, frozen=True):
    """One issue of the list; `state` is one sentence's end, such as `regressed in 2.3.1`."""

    issue: Issue
    project: Project
    state: str
    is_news: bool
    assignee: str
    bars: Sparkline


def found_issues(visitor: Visitor, view: View, search: Search, projects: Sequence[Project]) -> Page[Issue]:
    """The issues the view asks for."""
    hours = view.span.hours
    return visitor.issues.list_issues(
        IssueQuery(
            projects=tuple(one.id for one in projects),
            status=search.status,
            level=search.level,
            text=search.text,
            release=search.release,
            environment=search.environment or view.environment,
            assignee=visitor.email if search.assignee == "me" else search.assignee,
            seen_since=visitor.now - hours * HOUR if hours else 0.0,
            is_regressed=search.is_regressed,
            sort=view.sort,
            cursor=view.cursor,
            limit=LIMIT,
        )
    )


def rows_of(visitor: Visitor, view: View, issues: Sequence[Issue]) -> list[Row]:
    """The issues with their bars, their people and what is new about them."""
    names = Names(visitor.people, visitor.teams)
    span = view.span
    until = -(-int(visitor.now // HOUR + 1) // span.step) * span.step
    drawn = visitor.issues.histograms([one.id for one in issues], until - span.bars * span.step, until, span.step)
    title = span.title.lower() if span.hours else "30 days"
    return [
        Row(
            issue=one,
            project=visitor.projects[one.project],
            state=state_of(one, visitor.now),
            is_news=is_news(one, visitor.now),
            assignee=names.assignee(one.assignee) if one.assignee else "",
            bars=sparkline(drawn.get(one.id, ()), title),
        )
        for one in issues
    ]


def state_of(issue: Issue, now: float) -> str:
    """What is to be said of an issue's standing beyond that it is unresolved; empty where that is all."""
    if issue.status != "unresolved":
        return issue.status
    if issue.regressed_at is not None:
        return f"regressed in {issue.last_release}" if issue.last_release else "regressed"
    return "new" if is_news(issue, now) else ""


def is_news(issue: Issue, now: float) -> bool:
    """Whether it came, or came back, within the last day."""
    return issue.status == "unresolved" and now - (issue.regressed_at or issue.first_seen) < DAY


def environments_of(visitor: Visitor, issues: Sequence[Issue]) -> list[str]:
    """The environments that the first issues of a list were seen in."""
    facets = (facet for one in issues[:LOOKED_AT] for facet in visitor.issues.facets(one.id))
    return sorted({facet.value for facet in facets if facet.name == "environment"})
