"""What issues come to in numbers: how many there are, when their events came, and how these spread."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from amber.errors import Reject
from amber.model import Facet, IssueCounts
from amber_storage.sql.columns import fields
from amber_storage.sql.schema import issue_facets, issue_hours, issues
from amber_storage.sql.searching import of_projects

MAX_SPANS = 10_000


def count_by_status(connection: Connection, projects: Sequence[int], regressed_since: float) -> IssueCounts:
    """How many issues there are in each status; of the unresolved, how many came back since then."""
    returned = func.count().filter(issues.c.regressed_at >= regressed_since)
    found = select(issues.c.status, func.count(), returned).where(of_projects(projects)).group_by(issues.c.status)
    rows = {status: (count, regressed) for status, count, regressed in connection.execute(found)}
    unresolved, regressed = rows.get("unresolved", (0, 0))
    return IssueCounts(unresolved, rows.get("resolved", (0, 0))[0], rows.get("ignored", (0, 0))[0], regressed)


def hours_of(
    connection: Connection, wanted: Sequence[int], since: int, until: int, step: int
) -> Mapping[int, tuple[int, ...]]:
    """Events of each issue in spans of `step` hours. Raises Reject where the step is none, or far too small."""
    if step < 1:
        raise Reject(f"step: {step} is no number of hours")
    spans = max(0, -(-(until - since) // step))
    if spans > MAX_SPANS:
        raise Reject(f"step: {step} hours make {spans} spans, which is more than {MAX_SPANS}")
    bars = {issue: [0] * spans for issue in wanted}
    hour = issue_hours.c.hour
    counted = (
        select(issue_hours.c.issue, ((hour - since) // step).label("span"), issue_hours.c.count)
        .where(issue_hours.c.issue.in_(wanted), hour >= since, hour < until)
        .subquery()
    )
    # PostgreSQL's sum of whole numbers is a decimal number, hence int().
    sums = select(counted.c.issue, counted.c.span, func.sum(counted.c.count)).group_by(counted.c.issue, counted.c.span)
    for issue, span, total in connection.execute(sums):
        bars[issue][span] = int(total)
    return {issue: tuple(bar) for issue, bar in bars.items()}


def facets_of(connection: Connection, issue: int) -> tuple[Facet, ...]:
    """How the issue's events spread over releases and environments, the most frequent first."""
    table = issue_facets.c
    order = table.count.desc(), table.last_seen.desc(), table.name, table.value
    found = select(*fields(issue_facets, Facet)).where(table.issue == issue).order_by(*order)
    return tuple(Facet(*row) for row in connection.execute(found))
