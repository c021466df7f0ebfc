"""What a store must do; `amber.testing.contract` proves it for every implementation.

Every method is a plain blocking function and may be called from several threads at once. All raise `Unavailable` when
the engine behind them does not answer. Cursors are opaque text; a bad one raises `Reject`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from amber.model.events import Attachment, GroupedEvent
from amber.model.facts import Fact
from amber.model.issues import (
    Applied,
    Batch,
    EventSummary,
    Feedback,
    Issue,
    IssueChange,
    IssueQuery,
    Mark,
    Page,
    StoredEvent,
)
from amber.model.items import OutcomeCount
from amber.model.people import AuditEntry, Organisation, Project, ProjectKey, Team, Token, User

# Ids of whatever does not exist raise Reject(status=404) in every method that changes something.


class EventStore(Protocol):
    """Keeps events, attachments and feedback. Every write is keyed so that a repeat changes nothing."""

    def write_events(self, events: Sequence[GroupedEvent]) -> None:
        """Keep these events in one transaction; one known by (project, event id) stays as it was."""

    def get_event(self, project: int, event_id: str) -> StoredEvent | None:
        """The whole event, or None. `event_id` is 32 lower-case hex digits."""

    def list_events(self, project: int, keys: Sequence[str], cursor: str = "", limit: int = 50) -> Page[EventSummary]:
        """Events with one of these grouping keys, newest received first."""

    def write_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Keep these attachments, keyed by their id."""

    def list_attachments(self, project: int, event_id: str) -> tuple[Attachment, ...]:
        """The attachments of one event, in the order they came."""

    def write_feedback(self, entries: Sequence[Feedback]) -> None:
        """Keep what people wrote, keyed by (project, id)."""

    def list_feedback(self, project: int, event_id: str = "", cursor: str = "", limit: int = 50) -> Page[Feedback]:
        """Feedback of a project, or of one event, newest first."""


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
        """The project's issues that match, in the order asked for."""

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


class BlobStore(Protocol):
    """Keeps bytes under keys such as `12/ab/ab34…`; a key holds letters, digits, `.`, `-`, `_` and `/`."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, durable on return; a reader never sees half of it."""

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""

    def delete(self, key: str) -> None:
        """Forget the key; a missing one is no error."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with `prefix`, in no promised order."""


class Directory(Protocol):
    """Keeps organisations, teams, projects, keys, users, tokens and the audit log.

    Every change writes its audit entry, and a fact where processes must hear of it (`project.changed`, `key.changed`,
    `token.changed`), in the same transaction. Making something whose slug or e-mail is taken raises
    `Reject(status=409)`.
    """

    def add_organisation(self, slug: str, name: str, audit: AuditEntry) -> Organisation:
        """Make an organisation; `audit.organisation` is replaced by its id."""

    def organisations(self) -> tuple[Organisation, ...]:
        """All organisations, by id."""

    def organisation(self, ref: str) -> Organisation | None:
        """One by id or slug."""

    def add_team(self, organisation: int, slug: str, name: str, audit: AuditEntry) -> Team:
        """Make a team."""

    def teams(self, organisation: int) -> tuple[Team, ...]:
        """The organisation's teams, by id."""

    def add_project(self, organisation: int, slug: str, name: str, platform: str, audit: AuditEntry) -> Project:
        """Make a project with its first key."""

    def projects(self, organisation: int) -> tuple[Project, ...]:
        """The organisation's projects, by id."""

    def project(self, ref: str, organisation: int | None = None) -> Project | None:
        """One by id or slug, within the organisation where one is named."""

    def change_project(self, project: int, changes: Mapping[str, object], audit: AuditEntry) -> Project:
        """Change `name`, `platform` or `settings` (merged key by key; None takes a key out)."""

    def add_key(self, project: int, label: str, audit: AuditEntry) -> ProjectKey:
        """Make a key with 32 random hex digits."""

    def keys(self, project: int) -> tuple[ProjectKey, ...]:
        """The project's keys, by id."""

    def key(self, public_key: str) -> tuple[ProjectKey, Project] | None:
        """An active or inactive key with its project, or None."""

    def change_key(self, key: int, is_active: bool, audit: AuditEntry) -> ProjectKey:
        """Switch a key on or off."""

    def add_user(self, user: User, audit: AuditEntry) -> User:
        """Make a user; the id given is ignored, the one made is answered."""

    def users(self, organisation: int) -> tuple[User, ...]:
        """The organisation's users, by id."""

    def user_by_email(self, email: str) -> User | None:
        """One user by e-mail, case does not matter."""

    def add_token(self, token: Token, digest: bytes, audit: AuditEntry) -> Token:
        """Keep a token under the digest of its secret; the id given is ignored."""

    def tokens(self, organisation: int) -> tuple[Token, ...]:
        """The organisation's tokens, revoked ones too, by id."""

    def token(self, digest: bytes) -> Token | None:
        """The token whose secret has this digest, revoked or not."""

    def touch_token(self, token: int, at: float) -> None:
        """Note when a token was last used; no audit entry."""

    def revoke_token(self, token: int, audit: AuditEntry) -> Token:
        """Make a token worthless from now on."""

    def audit_log(self, organisation: int, cursor: str = "", limit: int = 50) -> Page[AuditEntry]:
        """What was changed, newest first."""
