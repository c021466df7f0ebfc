"""The store of issues."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from amber.model.facts import Fact
from amber.model.issues import Applied, Batch, Facet, Issue, IssueChange, IssueCounts, IssueQuery, Mark, Page
from amber.model.items import OutcomeCount
from amber.model.people import AuditEntry


class IssueStore(Protocol):
    """Keeps issues, counts, outcomes, the marks of what was applied, and the outbox of facts."""

    def applied(self, marks: Sequence[Mark]) -> frozenset[Mark]:
        """Which of these marks were applied before."""

    def apply(self, batch: Batch) -> Applied:
        """Apply a batch in one transaction.

        In it: the marks (`AlreadyApplied` if one is known, with nothing changed); each event whose (project, event id)
        is new counts once towards the issue of its grouping key, which is made if need be; `first_seen` and `last_seen`
        only widen, `first_release` is never changed once set, `last_release` follows the newest event; an event on a
        resolved issue makes it unresolved again and sets `regressed_at`. Every event adds an outcome in its category:
        `stored`, or `filtered` with reason `duplicate`; `batch.outcomes` are added as they are. Into the outbox:
        `issue.created`, `issue.regressed`, and one `events.stored` per project with its count and issue ids.
        """

    def list_issues(self, query: IssueQuery) -> Page[Issue]:
        """The issues that match, in the order asked for."""

    def count_issues(self, projects: Sequence[int], regressed_since: float) -> IssueCounts:
        """How many issues these projects have in each status."""

    def histograms(self, issues: Sequence[int], since: int, until: int, step: int) -> Mapping[int, tuple[int, ...]]:
        """Events of each issue in spans of `step` hours, from hour `since` until before hour `until` (Unix hours).

        An event counts in the hour in which it happened. Every issue asked for is in the answer, and every tuple
        has `ceil((until - since) / step)` numbers.
        """

    def facets(self, issue: int) -> tuple[Facet, ...]:
        """How the issue's events spread over releases and environments, the most frequent first."""

    def get_issue(self, issue: int) -> Issue | None:
        """One issue, or None."""

    def find_issue(self, project: int, key: str) -> Issue | None:
        """The issue that events with this grouping key belong to."""

    def issue_keys(self, issue: int) -> tuple[str, ...]:
        """The grouping keys whose events belong to the issue."""

    def change_issues(self, issues: Sequence[int], change: IssueChange, audit: AuditEntry) -> tuple[Issue, ...]:
        """Change these issues in one transaction, with an audit entry and a fact for each that changed.

        Facts: `issue.resolved`, `issue.ignored`, `issue.reopened`, `issue.assigned`. Answers the issues as they are
        now; ids that do not exist are left out.
        """

    def outcomes(self, project: int, since: int, until: int) -> tuple[OutcomeCount, ...]:
        """Counted outcomes from hour `since` until before hour `until` (Unix hours)."""

    def pending_facts(self, limit: int) -> tuple[Fact, ...]:
        """Facts of the outbox that nobody has published yet, oldest first."""

    def forget_facts(self, ids: Sequence[str]) -> None:
        """Take published facts out of the outbox."""
