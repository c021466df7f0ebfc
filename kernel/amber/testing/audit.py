"""Whether the tables of a database agree with each other, for tests of whatever may make them disagree."""

from sqlalchemy import Engine, text

CHECKS = {
    "issue {0} counts {1} events and let {2} go, but {3} are there": """
        SELECT id, count, pruned, there FROM (
            SELECT i.id, i.count, i.pruned, (
                SELECT count(*) FROM issue_keys k
                JOIN groupings g ON g.project = k.project AND g.key = k.key
                JOIN events e ON e.grouping = g.id
                WHERE k.issue = i.id
            ) AS there FROM issues i
        ) counted WHERE count - pruned <> there""",
    "issue {0} counts {1} events and let {2} go, but {3} are noted and not gone": """
        SELECT id, count, pruned, noted FROM (
            SELECT i.id, i.count, i.pruned, (
                SELECT count(*) FROM counted_events c LEFT JOIN gone_events g ON g.number = c.number
                WHERE c.issue = i.id AND g.number IS NULL
            ) AS noted FROM issues i
        ) counted WHERE count - pruned <> noted""",
    "issue {0} has no event": "SELECT id FROM issues WHERE count - pruned < 1 OR pruned < 0",
    "issue {0} has no key": "SELECT id FROM issues WHERE id NOT IN (SELECT issue FROM issue_keys)",
    "issue {0} counts {1} users, but {2} are known": """
        SELECT id, users, known FROM (
            SELECT i.id, i.users, (SELECT count(*) FROM issue_users u WHERE u.issue = i.id) AS known FROM issues i
        ) counted WHERE users <> known""",
    "issue {0} counts {1} events, but its hours {2}": """
        SELECT i.id, i.count, coalesce(sum(h.count), 0) FROM issues i LEFT JOIN issue_hours h ON h.issue = i.id
        GROUP BY i.id, i.count HAVING coalesce(sum(h.count), 0) > i.count""",
    "key {1} of project {0} leads to issue {2}, which is not there": """
        SELECT project, key, issue FROM issue_keys WHERE issue NOT IN (SELECT id FROM issues)""",
    "users of issue {0} are counted, which is not there": """
        SELECT DISTINCT issue FROM issue_users WHERE issue NOT IN (SELECT id FROM issues)""",
    "releases of issue {0} are counted, which is not there": """
        SELECT DISTINCT issue FROM issue_facets WHERE issue NOT IN (SELECT id FROM issues)""",
    "hours of issue {0} are counted, which is not there": """
        SELECT DISTINCT issue FROM issue_hours WHERE issue NOT IN (SELECT id FROM issues)""",
    "event number {0} is counted, but not there": """
        SELECT c.number FROM counted_events c LEFT JOIN events e ON e.number = c.number
        LEFT JOIN gone_events g ON g.number = c.number WHERE e.number IS NULL AND g.number IS NULL""",
    "event number {0} of project {1} is there, but not counted": """
        SELECT e.number, e.project FROM events e LEFT JOIN counted_events c ON c.number = e.number
        WHERE c.number IS NULL""",
    "event number {0} of project {1} is there, but was let go": """
        SELECT e.number, e.project FROM events e JOIN gone_events g ON g.number = e.number""",
    "event number {0} of project {1} has no id": """
        SELECT number, project FROM events WHERE number NOT IN (SELECT number FROM event_ids)""",
    "event number {0} of project {1} has no grouping": """
        SELECT number, project FROM events WHERE grouping NOT IN (SELECT id FROM groupings)""",
    "grouping {0} of project {1} groups nothing": """
        SELECT id, project FROM groupings WHERE id NOT IN (SELECT grouping FROM events)""",
}
"""What no row may ever be, while nothing is being written, each with a sentence about it."""
FEW = 20


def discrepancies(engine: Engine) -> list[str]:
    """Where counts and events of an SQL store do not agree, a few sentences of each kind; empty when all is well.

    To be asked when no batch and no run of retention is under way.
    """
    with engine.connect() as connection:
        return [
            sentence.format(*row)
            for sentence, query in CHECKS.items()
            for row in connection.execute(text(query)).fetchmany(FEW)
        ]
