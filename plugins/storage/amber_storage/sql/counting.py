"""What is counted beside issues: their users, their releases and environments, their hours, and outcomes."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, case

from amber_storage.sql.schema import issue_facets, issue_hours, issue_users, outcomes
from amber_storage.sql.tally import Tally
from amber_storage.sql.transactions import insert_new, upsert


def count_users(connection: Connection, tallies: Mapping[int, Tally]) -> Counter[int]:
    """Note who was affected; how many users each issue had not seen before."""
    rows = [{"issue": issue, "user": user} for issue, news in tallies.items() for user in news.users]
    if not rows:
        return Counter()
    new = connection.execute(insert_new(connection, issue_users).returning(issue_users.c.issue), rows)
    return Counter(new.scalars())


def count_facets(connection: Connection, tallies: Mapping[int, Tally]) -> None:
    """Count each issue's releases and environments."""
    rows = [
        {"issue": issue, "name": name, "value": value, "count": count, "last_seen": last_seen}
        for issue, news in tallies.items()
        for (name, value), (count, last_seen) in news.facets.items()
    ]
    if not rows:
        return
    statement = upsert(connection, issue_facets)
    new, old = statement.excluded, issue_facets.c
    later = case((new.last_seen > old.last_seen, new.last_seen), else_=old.last_seen)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=issue_facets.primary_key, set_={"count": old.count + new.count, "last_seen": later}
        ),
        rows,
    )


def count_hours(connection: Connection, tallies: Mapping[int, Tally]) -> None:
    """Count each issue's events by the hour in which they were received."""
    rows = [
        {"issue": issue, "hour": hour, "count": count}
        for issue, news in tallies.items()
        for hour, count in news.hours.items()
    ]
    statement = upsert(connection, issue_hours)
    total = issue_hours.c.count + statement.excluded.count
    connection.execute(
        statement.on_conflict_do_update(index_elements=issue_hours.primary_key, set_={"count": total}), rows
    )


def add_outcomes(connection: Connection, counts: Mapping[tuple[int, int, str, str, str], int]) -> None:
    """Add quantities by (project, hour, category, outcome, reason)."""
    names = [column.name for column in outcomes.primary_key]
    rows = [{**dict(zip(names, key, strict=True)), "quantity": quantity} for key, quantity in sorted(counts.items())]
    if not rows:
        return
    statement = upsert(connection, outcomes)
    total = outcomes.c.quantity + statement.excluded.quantity
    connection.execute(
        statement.on_conflict_do_update(index_elements=outcomes.primary_key, set_={"quantity": total}), rows
    )
