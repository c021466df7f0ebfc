"""What is counted beside issues: their users, their releases and environments, their hours, and outcomes."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection

from amber_storage.sql.bulk import ask, insertion, question, write
from amber_storage.sql.schema import issue_facets, issue_hours, issue_users, outcomes
from amber_storage.sql.tally import Tally

NEW_USERS = question(
    [issue_users.c.issue, issue_users.c.user],
    'INSERT INTO issue_users (issue, "user") SELECT issue, "user" FROM given WHERE true '
    "ON CONFLICT DO NOTHING RETURNING issue",
)
FACETS = insertion(
    issue_facets,
    "issue name value count last_seen",
    "ON CONFLICT (issue, name, value) DO UPDATE SET count = issue_facets.count + excluded.count, last_seen = "
    "CASE WHEN excluded.last_seen > issue_facets.last_seen THEN excluded.last_seen ELSE issue_facets.last_seen END",
)
HOURS = insertion(
    issue_hours,
    "issue hour count",
    "ON CONFLICT (issue, hour) DO UPDATE SET count = issue_hours.count + excluded.count",
)
OUTCOMES = insertion(
    outcomes,
    "project hour category outcome reason quantity",
    "ON CONFLICT (project, hour, category, outcome, reason) "
    "DO UPDATE SET quantity = outcomes.quantity + excluded.quantity",
)


def count_users(connection: Connection, tallies: Mapping[int, Tally]) -> Counter[int]:
    """Note who was affected; how many users each issue had not seen before."""
    rows = [(issue, user) for issue, news in tallies.items() for user in news.users]
    return Counter(issue for (issue,) in ask(connection, NEW_USERS, rows))


def count_facets(connection: Connection, tallies: Mapping[int, Tally]) -> None:
    """Count each issue's releases and environments."""
    rows = [(issue, *facet, *counted) for issue, news in tallies.items() for facet, counted in news.facets.items()]
    write(connection, FACETS, rows)


def count_hours(connection: Connection, tallies: Mapping[int, Tally]) -> None:
    """Count each issue's events by the hour in which they happened."""
    rows = [(issue, *counted) for issue, news in tallies.items() for counted in news.hours.items()]
    write(connection, HOURS, rows)


def add_outcomes(connection: Connection, counts: Mapping[tuple[int, int, str, str, str], int]) -> None:
    """Add quantities by (project, hour, category, outcome, reason)."""
    write(connection, OUTCOMES, [(*key, quantity) for key, quantity in sorted(counts.items())])
