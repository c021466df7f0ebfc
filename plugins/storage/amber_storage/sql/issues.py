"""The issue store on SQL."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Select, select

from amber.model import (
    Applied,
    AuditEntry,
    Batch,
    Facet,
    Fact,
    Issue,
    IssueChange,
    IssueCounts,
    IssueQuery,
    Mark,
    OutcomeCount,
    Page,
)
from amber_storage.sql.applying import apply_batch, projects_of
from amber_storage.sql.changing import change_rows, projects_of_issues
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import as_page, page_of
from amber_storage.sql.figures import count_by_status, facets_of, hours_of
from amber_storage.sql.marks import known_marks
from amber_storage.sql.outbox import oldest_facts, remove_facts
from amber_storage.sql.retention_issues import IssueRetention
from amber_storage.sql.schema import issue_keys, issues, outcomes
from amber_storage.sql.searching import matching_issues, order_of
from amber_storage.sql.transactions import Transactions


class SqlIssueStore(IssueRetention):
    """Issues, counts, marks and the outbox in tables; see `amber.model.IssueStore` for what each method promises."""

    def __init__(self, engine: Engine) -> None:
        self._database = Transactions(engine)

    def applied(self, marks: Sequence[Mark]) -> frozenset[Mark]:
        """Which of these marks were applied before."""
        with self._database.reading() as connection:
            return known_marks(connection, marks)

    def apply(self, batch: Batch) -> Applied:
        """Apply a batch in one transaction."""
        with self._database.writing(projects_of(batch)) as connection:
            return apply_batch(connection, batch, time.time())

    def list_issues(self, query: IssueQuery) -> Page[Issue]:
        """The issues that match, in the order asked for."""
        order = order_of(query.sort)
        with self._database.reading() as connection:
            rows = connection.execute(page_of(matching_issues(query), order, query.cursor, query.limit)).all()
        return as_page(rows, order, Issue, query.limit)

    def count_issues(self, projects: Sequence[int], regressed_since: float) -> IssueCounts:
        """How many issues these projects have in each status."""
        with self._database.reading() as connection:
            return count_by_status(connection, projects, regressed_since)

    def histograms(self, issues: Sequence[int], since: int, until: int, step: int) -> Mapping[int, tuple[int, ...]]:
        """Events of each issue in spans of `step` hours, from hour `since` until before hour `until` (Unix hours)."""
        with self._database.reading() as connection:
            return hours_of(connection, issues, since, until, step)

    def facets(self, issue: int) -> tuple[Facet, ...]:
        """How the issue's events spread over releases and environments, the most frequent first."""
        with self._database.reading() as connection:
            return facets_of(connection, issue)

    def get_issue(self, issue: int) -> Issue | None:
        """One issue, or None."""
        return self._one(select(*fields(issues, Issue)).where(issues.c.id == issue))

    def find_issue(self, project: int, key: str) -> Issue | None:
        """The issue that events with this grouping key belong to."""
        here = (issue_keys.c.project == project) & (issue_keys.c.key == key)
        return self._one(select(*fields(issues, Issue)).join(issue_keys, issue_keys.c.issue == issues.c.id).where(here))

    def issue_keys(self, issue: int) -> tuple[str, ...]:
        """The grouping keys whose events belong to the issue."""
        found = select(issue_keys.c.key).where(issue_keys.c.issue == issue).order_by(issue_keys.c.key)
        with self._database.reading() as connection:
            return tuple(connection.execute(found).scalars())

    def change_issues(self, issues: Sequence[int], change: IssueChange, audit: AuditEntry) -> tuple[Issue, ...]:
        """Change these issues in one transaction, with an audit entry and a fact for each that changed."""
        with self._database.reading() as connection:
            projects = projects_of_issues(connection, issues)
        with self._database.writing(projects) as connection:
            return change_rows(connection, issues, change, audit)

    def outcomes(self, project: int, since: int, until: int) -> tuple[OutcomeCount, ...]:
        """Counted outcomes from hour `since` until before hour `until` (Unix hours)."""
        table = outcomes.c
        found = (
            select(*fields(outcomes, OutcomeCount))
            .where(table.project == project, table.hour >= since, table.hour < until)
            .order_by(table.hour, table.category, table.outcome, table.reason)
        )
        with self._database.reading() as connection:
            return tuple(OutcomeCount(*row) for row in connection.execute(found))

    def pending_facts(self, limit: int) -> tuple[Fact, ...]:
        """Facts of the outbox that nobody has published yet, oldest first."""
        with self._database.reading() as connection:
            return oldest_facts(connection, limit)

    def forget_facts(self, ids: Sequence[str]) -> None:
        """Take published facts out of the outbox."""
        with self._database.writing() as connection:
            remove_facts(connection, ids)

    def _one(self, statement: Select[Any]) -> Issue | None:
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return Issue(*row) if row else None
