"""The store of issues."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from amber.model.facts import Fact
from amber.model.issues import Applied, Batch, Facet, Issue, IssueChange, IssueCounts, IssueQuery, Mark, Page
from amber.model.items import OutcomeCount
from amber.model.people import AuditEntry
from amber.model.retention import Claim, EventPlace, LetGo


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

        Repeated events that were let go are answered in `Applied.gone`: what was written of them anew is to go as well.
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

    # What retention asks for.

    def let_go(self, project: int, events: Sequence[EventPlace], at: float, *, may_end_issues: bool) -> LetGo:
        """Say which of these events, given oldest received first, may be deleted, in one transaction that counts them.

        `Issue.pruned` grows by those that belong to an issue. The last event of an issue stays, unless
        `may_end_issues` and nobody has assigned or ignored the issue: then the issue ends with it. An event nobody has
        counted may go once it was received a day before `at`; should it be counted after all, it is a repeat. The ids
        stay known, so that each is a repeat when it is sent again, until `forget_events`.
        """

    def last_let_go(self, project: int) -> tuple[str, ...]:
        """The ids of the events that were let go last; a crash may have left these undeleted."""

    def long_gone(self, project: int, before: float, limit: int) -> tuple[str, ...]:
        """Ids of events let go before then (Unix seconds), the first let go first."""

    def forget_events(self, project: int, ids: Sequence[str]) -> None:
        """Forget these ids, where they were let go: an event that comes with one of them is new."""

    def forget_figures(self, project: int, before: int, limit: int) -> int:
        """Forget up to `limit` counts of an issue or outcome by the hour, from before hour `before` (Unix hours).

        Answers how many those were.
        """

    # What the kernel's schedule asks for.

    def claim_job(self, claim: Claim) -> bool:
        """Take a job that is due and that nobody holds."""

    def hold_job(self, name: str, holder: str, until: float) -> bool:
        """Hold a job that was claimed until then (Unix seconds); False where somebody else has it."""

    def drop_jobs(self, plugin: str) -> None:
        """Forget when a plugin's jobs (`PLUGIN.NAME`) were done."""
